// What all kernels share. They are CUDA C that is also C++ but for the names below: the tests define those for a processor,
// compile the same text with clang, and compare values. A kernel takes one structure; its twin in C# is in Arguments.cs.
// No contraction: the compiler is told so, and fused multiply-adds are written where they are meant.

typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long i64;

#ifndef KERNEL
#define KERNEL(name, Arguments) extern "C" __global__ void name(const __grid_constant__ Arguments a)
// A kernel whose threads wait for each other.
#define SYNCED_KERNEL(name, Arguments) KERNEL(name, Arguments)
#define DEVICE static __device__ __forceinline__
#define DEVICE_MEMBER __device__ __forceinline__
#define SHARED __shared__

DEVICE u32 float_bits(float x) { return __float_as_uint(x); }
DEVICE float bits_float(u32 x) { return __uint_as_float(x); }
DEVICE u64 double_bits(double x) { return (u64)__double_as_longlong(x); }
DEVICE double bits_double(u64 x) { return __longlong_as_double((i64)x); }

DEVICE float half_to_float(u16 x)
{
    float y;
    asm("cvt.f32.f16 %0, %1;" : "=f"(y) : "h"(x));
    return y;
}

DEVICE u16 float_to_half(float x)
{
    u16 y;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(y) : "f"(x));
    return y;
}
#endif

struct f16 { u16 bits; };
struct bf16 { u16 bits; };

// Numbers of 16 bits are computed with as float32, and rounded to nearest even once.
DEVICE float wide(float x) { return x; }
DEVICE float wide(f16 x) { return half_to_float(x.bits); }
DEVICE float wide(bf16 x) { return bits_float((u32)x.bits << 16); }

template <class T> DEVICE T narrow(float x);
template <> DEVICE float narrow<float>(float x) { return x; }
template <> DEVICE f16 narrow<f16>(float x) { return f16{float_to_half(x)}; }

template <> DEVICE bf16 narrow<bf16>(float x)
{
    u32 bits = float_bits(x);
    if ((bits & 0x7fffffffu) > 0x7f800000u)
        return bf16{(u16)((bits >> 16) | 0x40u)}; // a quiet NaN
    return bf16{(u16)((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16)};
}

// N numbers that one load brings.
template <class T, int N> struct alignas(sizeof(T) * N) Pack
{
    T of[N];
};

// Numbers in 16 bytes.
template <class T> struct Width
{
    static const int wide = 16 / sizeof(T);
};

template <class T, int N> DEVICE void load(const void* from, u32 pack, float (&to)[N])
{
    Pack<T, N> p = ((const Pack<T, N>*)from)[pack];
    for (int k = 0; k < N; k++)
        to[k] = wide(p.of[k]);
}

template <class T, int N> DEVICE void store(void* to, u32 pack, const float (&from)[N])
{
    Pack<T, N> p;
    for (int k = 0; k < N; k++)
        p.of[k] = narrow<T>(from[k]);
    ((Pack<T, N>*)to)[pack] = p;
}

DEVICE u32 thread_number() { return blockIdx.x * blockDim.x + threadIdx.x; }

// The smallest whole number not below a/b; b is positive, a may be negative.
DEVICE int ceil_divide(int a, int b) { return a >= 0 ? (a + b - 1) / b : -(-a / b); }

// A kernel for each precision.
#define FOR_EACH_TYPE(define) define(float, f32) define(f16, f16) define(bf16, bf16)
