// What NVRTC declares by itself, for clang without CUDA's headers. Only names that the kernels use.
#define __global__ __attribute__((global))
#define __device__ __attribute__((device))
#define __shared__ __attribute__((shared))
#define __forceinline__ inline __attribute__((always_inline))
#define __grid_constant__
#define BUILTIN static __device__ __forceinline__

struct Three { unsigned x, y, z; };
#define threadIdx (Three{(unsigned)__nvvm_read_ptx_sreg_tid_x(), 0, 0})
#define blockIdx (Three{(unsigned)__nvvm_read_ptx_sreg_ctaid_x(), 0, 0})
#define blockDim (Three{(unsigned)__nvvm_read_ptx_sreg_ntid_x(), 0, 0})
#define gridDim (Three{(unsigned)__nvvm_read_ptx_sreg_nctaid_x(), 0, 0})

BUILTIN unsigned __float_as_uint(float x) { return __builtin_bit_cast(unsigned, x); }
BUILTIN float __uint_as_float(unsigned x) { return __builtin_bit_cast(float, x); }
BUILTIN double __longlong_as_double(long long x) { return __builtin_bit_cast(double, x); }
BUILTIN long long __double_as_longlong(double x) { return __builtin_bit_cast(long long, x); }
BUILTIN float fmaf(float a, float b, float c) { return __nvvm_fma_rn_f(a, b, c); }
BUILTIN double fma(double a, double b, double c) { return __nvvm_fma_rn_d(a, b, c); }
BUILTIN float sqrtf(float x) { return __nvvm_sqrt_rn_f(x); }
BUILTIN double sqrt(double x) { return __nvvm_sqrt_rn_d(x); }
BUILTIN double rint(double x) { return __builtin_rint(x); }
BUILTIN double floor(double x) { return __nvvm_floor_d(x); }
BUILTIN double ceil(double x) { return __nvvm_ceil_d(x); }
BUILTIN double fabs(double x) { return __builtin_fabs(x); }
BUILTIN double fmin(double a, double b) { return __nvvm_fmin_d(a, b); }
BUILTIN double fmax(double a, double b) { return __nvvm_fmax_d(a, b); }
BUILTIN void atomicAdd(unsigned long long* to, unsigned long long x) { __nvvm_atom_add_gen_ll((long long*)to, (long long)x); }
