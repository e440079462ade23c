// Passes over the rows of a tensor [N, C, …]: row k = n·C + c holds `pixels` contiguous numbers. No libtorch here.
#pragma once

#include <cstdint>

namespace atelier::rows {

// What a layer does after its convolution u:   z = scale[k]·u + strength·noise + bias[c],   y = clamp(slope(z)·z).
// The slope is `positive` for z > 0 and `negative` elsewhere: leaky ReLU with its gain; both equal when linear.
// y alone tells the slope and (where the slope is not 0) z, so that nothing else is kept for the backward pass.
template <typename T>
struct Epilogue {
    int64_t channels = 1;
    int64_t pixels = 0;
    const T* scale = nullptr;  // [N·C], demodulation; null: 1
    const T* noise = nullptr;  // [N, pixels] or [pixels]; null: none
    int64_t noise_stride = 0;  // pixels, or 0 when every sample has the same noise
    T strength = 0;
    const T* bias = nullptr;  // [C]; null: none
    T positive = 1;
    T negative = 1;
    T clamp = 0;  // bound on |y|; infinity: none
};

// Sums over each row taken by the backward pass; null pointers are not computed.
template <typename T>
struct RowSums {
    T* dz = nullptr;        // [N·C] Σ dz
    T* dz_noise = nullptr;  // [N·C] Σ dz·noise
    T* dz_u = nullptr;      // [N·C] Σ dz·u
};

// Tangent of the backward pass in its row-wise arguments; null pointers count as 0.
template <typename T>
struct RowTangents {
    const T* scale = nullptr;    // [N·C] along dz·u
    const T* bias = nullptr;     // [C] along dz
    T strength = 0;              // along dz·noise
};

template <typename T>
struct Kernels {
    // y = epilogue(u); y may be u.
    void (*forward)(const Epilogue<T>&, const T* u, T* y, int64_t begin, int64_t end);
    // du = scale·slope(y)·dy (null: not wanted) and the sums.
    void (*backward)(const Epilogue<T>&, const T* dy, const T* y, T* du, const RowSums<T>&, int64_t begin, int64_t end);
    // out = slope(y)·(scale·a + t.scale·u + t.strength·noise + t.bias), u found from y; dot[k] = Σ du·a (null: not wanted).
    // a null: taken as 0.
    void (*tangent)(const Epilogue<T>&, const RowTangents<T>&, const T* a, const T* du, const T* y, T* out, T* dot, int64_t begin, int64_t end);
    // y = s[k]·x
    void (*scale)(const T* x, const T* s, T* y, int64_t pixels, int64_t begin, int64_t end);
    // y = s[k]·a + r[k]·b
    void (*combine)(const T* a, const T* s, const T* b, const T* r, T* y, int64_t pixels, int64_t begin, int64_t end);
    // dot[k] = Σ t·x and y = s[k]·t; y may be t.
    void (*scale_dot)(const T* t, const T* s, const T* x, T* y, T* dot, int64_t pixels, int64_t begin, int64_t end);
    // dot[k] = Σ a·b
    void (*dot)(const T* a, const T* b, T* dot, int64_t pixels, int64_t begin, int64_t end);
};

}  // namespace atelier::rows

namespace atelier::portable {
template <typename T>
const rows::Kernels<T>& row_kernels();
}
namespace atelier::avx2 {
template <typename T>
const rows::Kernels<T>& row_kernels();
}
