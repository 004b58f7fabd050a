"""Sequential MNIST, the papers' second task: what is declared, recorded, and read of it.

The reading side: seconds, and no torch. `nalu.recurrent` trains.
"""
