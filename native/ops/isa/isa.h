// Which instruction set the kernels run on.
//
// Kernel sources (`*_kernel.cpp`) know nothing of libtorch: plain pointers in, plain pointers out. CMake compiles each of them
// once per instruction set, with ATELIER_ISA naming the namespace it lands in, and `best` picks one when the library loads.
// Bits may differ between instruction sets (fused multiply-add), so the choice is part of the numerics fingerprint.
#pragma once

namespace atelier::isa {

enum class Level { portable, avx2 };

// The level in force: AVX2 with FMA where the processor has both, unless the environment variable ATELIER_ISA says "portable".
Level level();
const char* level_name();

}  // namespace atelier::isa
