// What the bits of a run depend on in this process: parts of the numerics fingerprint.
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <dlfcn.h>
#include <torch/version.h>

#include "../abi/abi.h"
#include "../isa/isa.h"

namespace {

// OpenBLAS tells its version, kernel and threading itself; other libraries are in libtorch's own description.
std::string blas_description() {
    for (const char* library : {"libblas.so.3", "libopenblas.so.0"}) {
        void* handle = dlopen(library, RTLD_NOLOAD | RTLD_LAZY);
        if (handle == nullptr) continue;
        using Describe = char* (*)();
        const auto config = reinterpret_cast<Describe>(dlsym(handle, "openblas_get_config"));
        const auto core = reinterpret_cast<Describe>(dlsym(handle, "openblas_get_corename"));
        if (config != nullptr && core != nullptr) return std::string(config()) + " " + core();
    }
    const std::string mkl = at::get_mkl_version();
    return mkl.find("not found") == std::string::npos ? mkl : "unknown BLAS";
}

// The instruction sets that libtorch and oneDNN choose their kernels by: other ones, other bits.
std::string instruction_sets() {
    std::string text = std::string(atelier::isa::level_name()) + " kernels on a CPU with";
#if defined(__x86_64__)
    text += " sse4.2";
    if (__builtin_cpu_supports("avx2")) text += " avx2";
    if (__builtin_cpu_supports("fma")) text += " fma";
    if (__builtin_cpu_supports("avx512f")) text += " avx512f";
    if (__builtin_cpu_supports("avx512bw")) text += " avx512bw";
    if (__builtin_cpu_supports("avx512vnni")) text += " avx512vnni";
    if (__builtin_cpu_supports("avx512bf16")) text += " avx512bf16";
#else
    text += " another architecture";
#endif
    return text;
}

}  // namespace

ATELIER_EXPORT const char* atelier_ops_libtorch_version() { return TORCH_VERSION; }

ATELIER_EXPORT const char* atelier_ops_onednn_version() {
    static const std::string version = at::get_mkldnn_version();
    return version.c_str();
}

ATELIER_EXPORT const char* atelier_ops_blas() {
    static const std::string description = blas_description();
    return description.c_str();
}

ATELIER_EXPORT const char* atelier_ops_instruction_set() {
    static const std::string description = instruction_sets();
    return description.c_str();
}

// Threads that a parallel region of the calling thread would use.
ATELIER_EXPORT int atelier_ops_threads() { return at::get_num_threads(); }
