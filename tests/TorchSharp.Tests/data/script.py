"""Writes script.pt, the small TorchScript module of the tests. Run beside it with PyTorch 1.13: python3 script.py"""
import zipfile
from io import BytesIO
from typing import List, Tuple

import torch


class Small(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
        self.register_buffer("offset", torch.tensor([10.0, 20.0]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = x @ self.weight + self.offset
        return y * 2 if self.training else y

    @torch.jit.export
    def pair(self, x: torch.Tensor, scale: float) -> Tuple[torch.Tensor, torch.Tensor]:
        return x * scale, x.sum()

    @torch.jit.export
    def parts(self, x: torch.Tensor) -> List[torch.Tensor]:
        return [x[0], x[1], x[0] + x[1]]

    @torch.jit.export
    def joined(self, xs: List[torch.Tensor], doubled: bool) -> torch.Tensor:
        y = torch.cat(xs)
        return y * 2 if doubled else y

    @torch.jit.export
    def count(self, x: torch.Tensor) -> int:
        return x.numel()


buffer = BytesIO()
torch.jit.save(torch.jit.script(Small()), buffer)
# Without the debug records, which name the folder that this script lay in.
with zipfile.ZipFile(buffer) as whole, zipfile.ZipFile("script.pt", "w") as kept:
    for entry in whole.infolist():
        if not entry.filename.endswith(".debug_pkl"):
            kept.writestr(entry, whole.read(entry))
