"""The peer of the `metrics` benchmark in bench/Bench: the same detector driven from Python, and the Fréchet distance by scipy.

    metrics_peer.py detector FILE THREADS SIDE SECONDS    features/s of a TorchScript detector
    metrics_peer.py frechet FILE DIMENSIONS               the distance of two covariances, raw float64 one after the other
    metrics_peer.py make FILE                             writes a detector with the published signature and random weights

Prints one JSON object. Needs Debian's python3-torch and python3-scipy.
"""
import json
import sys
import time


def detector(path, threads, side, seconds):
    import torch

    torch.set_num_threads(threads)
    module = torch.jit.load(path).eval()
    best = 0
    for batch in (16, 64):  # 64 is the published size; on some processors smaller batches stay in the caches
        images = torch.randint(0, 256, [batch, 3, side, side], dtype=torch.uint8)
        with torch.no_grad():
            for _ in range(3):  # the profiling executor settles
                module(images, return_features=True)
            done, start = 0, time.perf_counter()
            while done == 0 or time.perf_counter() - start < seconds / 2:
                done += module(images, return_features=True).shape[0]
            best = max(best, done / (time.perf_counter() - start))
    return {"features_per_s": best}


def frechet(path, size):
    import numpy
    import scipy.linalg

    first, second = numpy.fromfile(path).reshape(2, size, size)
    start = time.perf_counter()
    root = scipy.linalg.sqrtm(second @ first)
    value = float(numpy.real(numpy.trace(first + second - 2 * root)))
    return {"seconds": time.perf_counter() - start, "value": value}


def make(path):
    import torch

    class Detector(torch.nn.Module):
        def __init__(self):
            super().__init__()
            widths = [3, 32, 64, 128, 256]
            self.layers = torch.nn.Sequential(*[
                torch.nn.Sequential(torch.nn.Conv2d(a, b, 3, stride=2, padding=1), torch.nn.ReLU(), torch.nn.Conv2d(b, b, 3, padding=1), torch.nn.ReLU())
                for a, b in zip(widths, widths[1:])])
            self.out = torch.nn.Linear(256, 1008)

        def forward(self, img: torch.Tensor, return_features: bool = False, use_fp16: bool = False, no_output_bias: bool = False) -> torch.Tensor:
            x = torch.nn.functional.interpolate(img.to(torch.float32), size=[128, 128], mode='bilinear', align_corners=False)
            x = self.layers(x / 127.5 - 1).mean([2, 3])
            if return_features:
                return x
            logits = torch.nn.functional.linear(x, self.out.weight) if no_output_bias else self.out(x)
            return logits.softmax(dim=1)

    torch.manual_seed(0)
    torch.jit.script(Detector().eval()).save(path)
    return {"file": path}


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    if command == "detector":
        result = detector(arguments[0], int(arguments[1]), int(arguments[2]), float(arguments[3]))
    elif command == "frechet":
        result = frechet(arguments[0], int(arguments[1]))
    else:
        result = make(arguments[0])
    print(json.dumps(result))
