# The README's commands, in a container:
#   docker build -t nalu .
#   docker run --rm -p 8888:8888 nalu                 make lab; open the address that it prints
#   docker run --rm nalu make report                  trains Table 1 and builds the book
# PyTorch is the one for processors; for CUDA: docker build --build-arg PYTORCH=https://pypi.org/simple -t nalu .
FROM python:3.11-slim
ARG PYTORCH=https://download.pytorch.org/whl/cpu
RUN apt-get update && apt-get install --yes --no-install-recommends git make && rm -rf /var/lib/apt/lists/*
WORKDIR /nalu
COPY . .
RUN PIP_NO_CACHE_DIR=1 PIP_EXTRA_INDEX_URL=$PYTORCH make .venv/.installed
EXPOSE 8888
CMD ["make", "lab", "LAB=--ip=0.0.0.0 --no-browser"]
