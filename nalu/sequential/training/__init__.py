"""Training of recurrent models on sequential MNIST, through a convolutional network."""
