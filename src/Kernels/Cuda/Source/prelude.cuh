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

// In front of a loop whose bounds the compiler knows: what it indexes stays in registers.
#define UNROLL _Pragma("unroll")

struct f16 { u16 bits; };
struct bf16 { u16 bits; };

// Numbers of 16 bits are computed with as float32, and rounded to nearest even once.
DEVICE float wide(float x) { return x; }
DEVICE float wide(f16 x) { return half_to_float(x.bits); }
DEVICE float wide(bf16 x) { return bits_float((u32)x.bits << 16); }

DEVICE void narrow(float x, float& to) { to = x; }
DEVICE void narrow(float x, f16& to) { to.bits = float_to_half(x); }

DEVICE void narrow(float x, bf16& to)
{
    u32 bits = float_bits(x);
    bool is_nan = (bits & 0x7fffffffu) > 0x7f800000u;
    to.bits = is_nan ? (u16)((bits >> 16) | 0x40u) : (u16)((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

// 16 bytes that one load brings, as words whatever they hold: of smaller numbers a compiler makes several loads.
struct alignas(16) Pack
{
    u32 of[4];
};

// Numbers in a pack.
template <class T> struct Width
{
    static const int wide = 16 / sizeof(T);
};

DEVICE float number(const Pack& p, int k, float) { return bits_float(p.of[k]); }
DEVICE float number(const Pack& p, int k, f16) { return half_to_float((u16)(p.of[k / 2] >> (k % 2 * 16))); }
DEVICE float number(const Pack& p, int k, bf16) { return bits_float(p.of[k / 2] >> (k % 2 * 16) << 16); }

DEVICE void put_bits(Pack& p, int k, float x) { p.of[k] = float_bits(x); }
DEVICE void put_bits(Pack& p, int k, f16 x) { p.of[k / 2] |= (u32)x.bits << (k % 2 * 16); }
DEVICE void put_bits(Pack& p, int k, bf16 x) { p.of[k / 2] |= (u32)x.bits << (k % 2 * 16); }

// Reads a pack, or one number where N is 1.
template <class T, int N> DEVICE void load(const void* from, u32 pack, float (&to)[N])
{
    if (N == 1)
    {
        to[0] = wide(((const T*)from)[pack]);
        return;
    }
    Pack p = ((const Pack*)from)[pack];
    UNROLL
    for (int k = 0; k < N; k++)
        to[k] = number(p, k, T());
}

template <class T, int N> DEVICE void store(void* to, u32 pack, const float (&from)[N])
{
    T x;
    if (N == 1)
    {
        narrow(from[0], x);
        ((T*)to)[pack] = x;
        return;
    }
    Pack p = {{0, 0, 0, 0}};
    UNROLL
    for (int k = 0; k < N; k++)
    {
        narrow(from[k], x);
        put_bits(p, k, x);
    }
    ((Pack*)to)[pack] = p;
}

DEVICE u32 thread_number() { return blockIdx.x * blockDim.x + threadIdx.x; }

// The smallest whole number not below a/b; b is positive, a may be negative.
DEVICE int ceil_divide(int a, int b) { return a >= 0 ? (a + b - 1) / b : -(-a / b); }

// A kernel for each precision.
#define FOR_EACH_TYPE(define) define(float, f32) define(f16, f16) define(bf16, bf16)
