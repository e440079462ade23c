// Vectors of 32 bytes as the compiler's vector extension: one source for every instruction set and for float and double.
// Included by kernel sources only. It lives in the namespace of the instruction set being compiled for, so that the linker can
// never let a copy compiled for one serve another.
#pragma once

#include <cstdint>
#include <cstring>

namespace atelier::ATELIER_ISA::simd {

template <typename T>
struct VectorOf;
template <>
struct VectorOf<float> {
    typedef float type __attribute__((vector_size(32)));
};
template <>
struct VectorOf<double> {
    typedef double type __attribute__((vector_size(32)));
};
template <typename T>
using Vec = typename VectorOf<T>::type;
template <typename T>
constexpr int64_t lanes = 32 / sizeof(T);

template <typename T>
inline Vec<T> load(const T* p) {
    Vec<T> v;
    std::memcpy(&v, p, sizeof v);
    return v;
}

template <typename T>
inline void store(T* p, Vec<T> v) {
    std::memcpy(p, &v, sizeof v);
}

template <typename T>
inline Vec<T> broadcast(T s) {
    return s - Vec<T>{};
}

// The lanes added in one fixed order.
template <typename T>
inline T sum(Vec<T> v) {
    T total = 0;
    for (int64_t i = 0; i < lanes<T>; i++) total += v[i];
    return total;
}

// One register's worth of a row: whole, or its last few elements with zeros behind them.
template <typename T>
struct Whole {
    Vec<T> load(const T* p) const { return simd::load(p); }
    void store(T* p, Vec<T> v) const { simd::store(p, v); }
};
template <typename T>
struct Part {
    int64_t count;
    Vec<T> load(const T* p) const {
        Vec<T> v{};
        for (int64_t i = 0; i < count; i++) v[i] = p[i];
        return v;
    }
    void store(T* p, Vec<T> v) const {
        for (int64_t i = 0; i < count; i++) p[i] = v[i];
    }
};

// Calls step(i, access) for every register's worth of [0, n).
template <typename T, typename Step>
inline void for_each_vector(int64_t n, Step&& step) {
    int64_t i = 0;
    for (; i + lanes<T> <= n; i += lanes<T>) step(i, Whole<T>{});
    if (i < n) step(i, Part<T>{n - i});
}

}  // namespace atelier::ATELIER_ISA::simd
