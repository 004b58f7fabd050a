class Gpu: pass
