// Every pass reads and writes each number once: its floor is the memory's bandwidth (forward 2 numbers a pixel, backward 3,
// tangent 3 or 4). Sums of a row run over fixed lanes in fixed order, whatever the threads.
#include "rows_kernel.h"

#include "epilogue_row.h"

namespace atelier::ATELIER_ISA {
namespace {

using rows::RowSums;
using rows::RowTangents;
using simd::broadcast;
using simd::for_each_vector;
using simd::Vec;

template <typename T>
void forward(const Epilogue<T>& e, const T* u, T* y, int64_t begin, int64_t end) {
    for (int64_t k = begin; k < end; k++) {
        const auto row = EpilogueRow<T>::of(e, k);
        const T* source = u + k * e.pixels;
        T* target = y + k * e.pixels;
        for_each_vector<T>(e.pixels, [&](int64_t i, auto access) { access.store(target + i, row.apply(access.load(source + i), i, access)); });
    }
}

// scale·u = z − strength·noise − bias, with z = y / slope.
template <typename T>
struct Preimage {
    Vec<T> inverse_positive, inverse_negative;
    explicit Preimage(const Epilogue<T>& e) : inverse_positive(broadcast(T(1) / e.positive)), inverse_negative(broadcast(T(1) / e.negative)) {}
    Vec<T> scaled_u(const EpilogueRow<T>& row, Vec<T> y, Vec<T> noise) const {
        return y * (y > 0 ? inverse_positive : inverse_negative) - row.strength * noise - row.bias;
    }
};

template <typename T>
void backward(const Epilogue<T>& e, const T* dy, const T* y, T* du, const RowSums<T>& sums, int64_t begin, int64_t end) {
    const Preimage<T> preimage(e);
    for (int64_t k = begin; k < end; k++) {
        const auto row = EpilogueRow<T>::of(e, k);
        const int64_t base = k * e.pixels;
        Vec<T> sum{}, sum_noise{}, sum_u{};
        for_each_vector<T>(e.pixels, [&](int64_t i, auto access) {
            const Vec<T> out = access.load(y + base + i);
            const Vec<T> dz = access.load(dy + base + i) * row.slope(out);
            if (du) access.store(du + base + i, row.scale * dz);
            sum += dz;
            if (sums.dz_noise || sums.dz_u) {
                const Vec<T> noise = row.noise ? access.load(row.noise + i) : Vec<T>{};
                sum_noise += dz * noise;
                if (sums.dz_u) sum_u += dz * preimage.scaled_u(row, out, noise);
            }
        });
        if (sums.dz) sums.dz[k] = simd::sum<T>(sum);
        if (sums.dz_noise) sums.dz_noise[k] = simd::sum<T>(sum_noise);
        if (sums.dz_u) sums.dz_u[k] = simd::sum<T>(sum_u) / (e.scale ? e.scale[k] : T(1));
    }
}

template <typename T>
void tangent(const Epilogue<T>& e, const RowTangents<T>& t, const T* a, const T* du, const T* y, T* out, T* dot, int64_t begin, int64_t end) {
    const Preimage<T> preimage(e);
    for (int64_t k = begin; k < end; k++) {
        const auto row = EpilogueRow<T>::of(e, k);
        const int64_t base = k * e.pixels;
        const Vec<T> along_bias = broadcast(t.bias ? t.bias[k % e.channels] : T(0));
        const Vec<T> along_strength = broadcast(t.strength);
        const Vec<T> along_u = broadcast(t.scale ? t.scale[k] / (e.scale ? e.scale[k] : T(1)) : T(0));
        Vec<T> total{};
        for_each_vector<T>(e.pixels, [&](int64_t i, auto access) {
            const Vec<T> level = access.load(y + base + i);
            const Vec<T> noise = row.noise ? access.load(row.noise + i) : Vec<T>{};
            Vec<T> v = along_bias + along_strength * noise;
            if (t.scale) v += along_u * preimage.scaled_u(row, level, noise);
            if (a) {
                const Vec<T> tangent_u = access.load(a + base + i);
                v += row.scale * tangent_u;
                if (dot) total += access.load(du + base + i) * tangent_u;
            }
            if (out) access.store(out + base + i, row.slope(level) * v);
        });
        if (dot) dot[k] = simd::sum<T>(total);
    }
}

template <typename T>
void scale(const T* x, const T* s, T* y, int64_t pixels, int64_t begin, int64_t end) {
    for (int64_t k = begin; k < end; k++) {
        const Vec<T> factor = broadcast(s[k]);
        const int64_t base = k * pixels;
        for_each_vector<T>(pixels, [&](int64_t i, auto access) { access.store(y + base + i, factor * access.load(x + base + i)); });
    }
}

template <typename T>
void combine(const T* a, const T* s, const T* b, const T* r, T* y, int64_t pixels, int64_t begin, int64_t end) {
    for (int64_t k = begin; k < end; k++) {
        const Vec<T> of_a = broadcast(s[k]), of_b = broadcast(r[k]);
        const int64_t base = k * pixels;
        for_each_vector<T>(pixels, [&](int64_t i, auto access) {
            access.store(y + base + i, of_a * access.load(a + base + i) + of_b * access.load(b + base + i));
        });
    }
}

template <typename T>
void scale_dot(const T* t, const T* s, const T* x, T* y, T* result, int64_t pixels, int64_t begin, int64_t end) {
    for (int64_t k = begin; k < end; k++) {
        const Vec<T> factor = broadcast(s[k]);
        const int64_t base = k * pixels;
        Vec<T> total{};
        for_each_vector<T>(pixels, [&](int64_t i, auto access) {
            const Vec<T> value = access.load(t + base + i);
            total += value * access.load(x + base + i);
            access.store(y + base + i, factor * value);
        });
        result[k] = simd::sum<T>(total);
    }
}

template <typename T>
void dot(const T* a, const T* b, T* result, int64_t pixels, int64_t begin, int64_t end) {
    for (int64_t k = begin; k < end; k++) {
        const int64_t base = k * pixels;
        Vec<T> total{};
        for_each_vector<T>(pixels, [&](int64_t i, auto access) { total += access.load(a + base + i) * access.load(b + base + i); });
        result[k] = simd::sum<T>(total);
    }
}

}  // namespace

template <typename T>
const rows::Kernels<T>& row_kernels() {
    static const rows::Kernels<T> table{&forward<T>, &backward<T>, &tangent<T>, &scale<T>, &combine<T>, &scale_dot<T>, &dot<T>};
    return table;
}

template const rows::Kernels<float>& row_kernels<float>();
template const rows::Kernels<double>& row_kernels<double>();

}  // namespace atelier::ATELIER_ISA
