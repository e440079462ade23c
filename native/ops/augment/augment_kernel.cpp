// Plane by plane, a row at a time where rows stay in the first-level cache. Each pass of the adjoint undoes one of the map's
// passes in reverse order; what scatters (samples, reflected borders) does so in one fixed order.
#include "augment_kernel.h"

#include <cmath>

namespace atelier::augment {
int64_t reflect(int64_t i, int64_t size);
}

namespace atelier::ATELIER_ISA {
namespace {

using augment::border;
using augment::Image;
using augment::Mode;
using augment::Shape;
using augment::Warp;

constexpr int64_t phase_taps = augment::wavelet_taps / 2;
constexpr int64_t guard = phase_taps;          // zeros before and behind a row that a phase of the wavelet runs over
constexpr int64_t half_band = augment::band_taps / 2;

template <typename T>
void zero(T* p, int64_t n) {
    for (int64_t i = 0; i < n; i++) p[i] = T(0);
}
template <typename T>
void copy(const T* from, T* to, int64_t n) {
    for (int64_t i = 0; i < n; i++) to[i] = from[i];
}
template <typename T>
void accumulate(T factor, const T* from, T* to, int64_t n) {
    for (int64_t i = 0; i < n; i++) to[i] += factor * from[i];
}

// Σ taps[t]·rows[t]
template <typename T>
void mix(const T* taps, const T* const* rows, T* out, int64_t n) {
    const T *a = rows[0], *b = rows[1], *c = rows[2], *d = rows[3], *e = rows[4], *f = rows[5];
    for (int64_t i = 0; i < n; i++)
        out[i] = taps[0] * a[i] + taps[1] * b[i] + taps[2] * c[i] + taps[3] * d[i] + taps[4] * e[i] + taps[5] * f[i];
}

// A row of an image with reflected pixels at both ends, and the sum over reflected pixels that is its adjoint.
template <typename T>
void pad_row(const T* row, int64_t width, int64_t left, int64_t right, T* padded) {
    for (int64_t i = 0; i < left; i++) padded[i] = row[augment::reflect(i - left, width)];
    copy(row, padded + left, width);
    for (int64_t i = 0; i < right; i++) padded[left + width + i] = row[augment::reflect(width + i, width)];
}
template <typename T>
void fold_row(const T* padded, int64_t width, int64_t left, int64_t right, T* row) {
    copy(padded + left, row, width);
    for (int64_t i = 0; i < left; i++) row[augment::reflect(i - left, width)] += padded[i];
    for (int64_t i = 0; i < right; i++) row[augment::reflect(width + i, width)] += padded[left + width + i];
}

// Where a warp's scratch lies; the sizes of its images.
struct Layout {
    int64_t padded_width, padded_height, box_width, box_height, stride, sample_rows, sample_columns;
    int64_t row, wide, zeros, box, samples, small, x, y, plane, total;

    Layout(const Shape& s, const Warp& w)
        : padded_width(s.width + w.left + w.right), padded_height(s.height + w.top + w.bottom), box_width(w.x_end - w.x_begin),
          box_height(w.y_end - w.y_begin), stride(box_width + 2), sample_rows(s.sample_rows()), sample_columns(s.sample_columns()) {
        int64_t used = 0;
        const auto take = [&](int64_t n) {
            const int64_t start = used;
            used += n;
            return start;
        };
        row = take((padded_width > s.width ? padded_width : s.width) + 2 * guard);
        wide = take(s.height * box_width);
        zeros = take(box_width > s.width ? box_width : s.width);
        box = take((box_height + 2) * stride);
        samples = take(sample_columns);
        small = take(sample_rows * s.width);
        x = take(sample_columns);
        y = take(sample_columns);
        plane = take(s.pixels());
        total = used;
    }
    bool empty() const { return box_width <= 0 || box_height <= 0; }
};

template <typename T>
class Warper {
public:
    Warper(const Shape& shape, const Warp& warp, T* numbers, int32_t* offsets)
        : shape_(shape), warp_(warp), at_(shape, warp), row_(numbers + at_.row), wide_(numbers + at_.wide), zeros_(numbers + at_.zeros),
          box_(numbers + at_.box), samples_(numbers + at_.samples), small_(numbers + at_.small), x_(numbers + at_.x), y_(numbers + at_.y),
          plane_(numbers + at_.plane), offsets_(offsets) {
        for (int64_t t = 0; t < phase_taps; t++) {
            const double even = augment::wavelet[2 * t], odd = augment::wavelet[2 * t + 1];
            down_even_[t] = static_cast<T>(even);
            down_odd_[t] = static_cast<T>(odd);
            // The image's own brightness: half of the pixels are zeros before the filter.
            up_odd_[phase_taps - 1 - t] = static_cast<T>(2 * even);
            up_even_[phase_taps - 1 - t] = static_cast<T>(2 * odd);
        }
        zero(zeros_, at_.box_width > shape.width ? at_.box_width : shape.width);
    }

    void forward(const T* in, T* out) {
        if (at_.empty()) return zero(out, shape_.pixels());
        widen(in);
        heighten();
        for (int64_t i = 0; i < at_.sample_rows; i++) {
            locate(i);
            for (int64_t j = 0; j < at_.sample_columns; j++) {
                const T *corner = box_ + offsets_[j], x = x_[j], y = y_[j];
                const T above = corner[0] + x * (corner[1] - corner[0]);
                const T below = corner[at_.stride] + x * (corner[at_.stride + 1] - corner[at_.stride]);
                samples_[j] = above + y * (below - above);
            }
            narrow(small_ + i * shape_.width);
        }
        for (int64_t o = 0; o < shape_.height; o++) {
            const T* rows[2][phase_taps];
            for (int64_t k = 0; k < augment::wavelet_taps; k++) rows[k % 2][k / 2] = small_ + (2 * o + 1 + k) * shape_.width;
            mix(down_even_, rows[0], out + o * shape_.width, shape_.width);
            mix(down_odd_, rows[1], row_, shape_.width);
            accumulate(T(1), row_, out + o * shape_.width, shape_.width);
        }
    }

    void adjoint(T* in_place) {
        if (at_.empty()) return zero(in_place, shape_.pixels());
        copy(in_place, plane_, shape_.pixels());
        zero(box_, (at_.box_height + 2) * at_.stride);
        for (int64_t s = 0; s < at_.sample_rows; s++) {
            spread(s);
            locate(s);
            for (int64_t j = 0; j < at_.sample_columns; j++) {
                T* corner = box_ + offsets_[j];
                const T x = x_[j], y = y_[j], below = y * samples_[j], above = samples_[j] - below;
                corner[0] += above - x * above;
                corner[1] += x * above;
                corner[at_.stride] += below - x * below;
                corner[at_.stride + 1] += x * below;
            }
        }
        heighten_adjoint();
        widen_adjoint(in_place);
    }

private:
    // Twice the width, the part that samples meet, of every row of the image.
    void widen(const T* in) {
        const int64_t first = warp_.x_begin / 2, count = at_.box_width / 2;
        zero(row_, guard);
        zero(row_ + guard + at_.padded_width, guard);
        for (int64_t r = 0; r < shape_.height; r++) {
            pad_row(in + r * shape_.width, shape_.width, warp_.left, warp_.right, row_ + guard);
            const T* p = row_ + guard + first;
            T* out = wide_ + r * at_.box_width;
            for (int64_t m = 0; m < count; m++) {
                T even = up_even_[0] * p[m - 3], odd = up_odd_[0] * p[m - 2];
                for (int64_t t = 1; t < phase_taps; t++) {
                    even += up_even_[t] * p[m - 3 + t];
                    odd += up_odd_[t] * p[m - 2 + t];
                }
                out[2 * m] = even;
                out[2 * m + 1] = odd;
            }
        }
    }
    void widen_adjoint(T* out) {
        const int64_t first = warp_.x_begin / 2, count = at_.box_width / 2;
        for (int64_t r = 0; r < shape_.height; r++) {
            zero(row_, at_.padded_width + 2 * guard);
            const T* in = wide_ + r * at_.box_width;
            for (int64_t t = 0; t < phase_taps; t++) {
                T* p = row_ + guard + first + t;
                for (int64_t m = 0; m < count; m++) p[m - 3] += up_even_[t] * in[2 * m];
                for (int64_t m = 0; m < count; m++) p[m - 2] += up_odd_[t] * in[2 * m + 1];
            }
            fold_row(row_ + guard, shape_.width, warp_.left, warp_.right, out + r * shape_.width);
        }
    }

    // The image's row that row i of the padded one is, or −1 outside.
    int64_t source_row(int64_t i) const { return i < 0 || i >= at_.padded_height ? -1 : augment::reflect(i - warp_.top, shape_.height); }
    T* box_row(int64_t y) { return box_ + (y - warp_.y_begin + 1) * at_.stride + 1; }

    // Twice the height, with a border of zeros around the box.
    void heighten() {
        zero(box_, at_.stride);
        zero(box_ + (at_.box_height + 1) * at_.stride, at_.stride);
        for (int64_t y = warp_.y_begin; y < warp_.y_end; y++) {
            const int64_t first = y / 2 - 3 + y % 2;
            const T* rows[phase_taps];
            for (int64_t t = 0; t < phase_taps; t++) {
                const int64_t source = source_row(first + t);
                rows[t] = source < 0 ? zeros_ : wide_ + source * at_.box_width;
            }
            T* out = box_row(y);
            mix(y % 2 == 0 ? up_even_ : up_odd_, rows, out, at_.box_width);
            out[-1] = out[at_.box_width] = T(0);
        }
    }
    void heighten_adjoint() {
        zero(wide_, shape_.height * at_.box_width);
        for (int64_t y = warp_.y_begin; y < warp_.y_end; y++) {
            const int64_t first = y / 2 - 3 + y % 2;
            const T* taps = y % 2 == 0 ? up_even_ : up_odd_;
            for (int64_t t = 0; t < phase_taps; t++)
                if (const int64_t source = source_row(first + t); source >= 0) accumulate(taps[t], box_row(y), wide_ + source * at_.box_width, at_.box_width);
        }
    }

    // Offset into the box and weights of a row of samples. A sample outside takes the box's first corner, which is zero.
    void locate(int64_t i) {
        const double* p = warp_.position;
        const double x0 = p[1] * static_cast<double>(i) + p[2] - static_cast<double>(warp_.x_begin - 1);
        const double y0 = p[4] * static_cast<double>(i) + p[5] - static_cast<double>(warp_.y_begin - 1);
        const double x_last = static_cast<double>(at_.box_width), y_last = static_cast<double>(at_.box_height);
        const int32_t stride = static_cast<int32_t>(at_.stride);
        for (int64_t j = 0; j < at_.sample_columns; j++) {
            const double x = x0 + p[0] * static_cast<double>(j), y = y0 + p[3] * static_cast<double>(j);
            const double column = std::floor(x), line = std::floor(y);
            const bool inside = column >= 0 && column <= x_last && line >= 0 && line <= y_last;
            offsets_[j] = inside ? static_cast<int32_t>(line) * stride + static_cast<int32_t>(column) : 0;
            x_[j] = inside ? static_cast<T>(x - column) : T(0);
            y_[j] = inside ? static_cast<T>(y - line) : T(0);
        }
    }

    // Half of the width of a row of samples, and its adjoint over column filters: a row of the result's gradients as samples.
    void narrow(T* out) {
        for (int64_t o = 0; o < shape_.width; o++) {
            const T* p = samples_ + 2 * o + 1;
            T sum = down_even_[0] * p[0] + down_odd_[0] * p[1];
            for (int64_t t = 1; t < phase_taps; t++) sum += down_even_[t] * p[2 * t] + down_odd_[t] * p[2 * t + 1];
            out[o] = sum;
        }
    }
    void spread(int64_t s) {
        const int64_t last = s % 2 == 0 ? s / 2 - 1 : s / 2;
        const T* rows[phase_taps];
        for (int64_t t = 0; t < phase_taps; t++) {
            const int64_t o = last - t;
            rows[t] = o < 0 || o >= shape_.height ? zeros_ : plane_ + o * shape_.width;
        }
        T* p = row_ + guard;
        zero(row_, guard);
        mix(s % 2 == 0 ? down_odd_ : down_even_, rows, p, shape_.width);
        zero(p + shape_.width, guard);
        for (int64_t q = 0; q < at_.sample_columns / 2; q++) {
            T even = down_odd_[0] * p[q - 1], odd = down_even_[0] * p[q];
            for (int64_t t = 1; t < phase_taps; t++) {
                even += down_odd_[t] * p[q - 1 - t];
                odd += down_even_[t] * p[q - t];
            }
            samples_[2 * q] = even;
            samples_[2 * q + 1] = odd;
        }
    }

    const Shape& shape_;
    const Warp& warp_;
    const Layout at_;
    T *row_, *wide_, *zeros_, *box_, *samples_, *small_, *x_, *y_, *plane_;
    int32_t* offsets_;
    T up_even_[phase_taps], up_odd_[phase_taps], down_even_[phase_taps], down_odd_[phase_taps];
};

template <typename T>
void recolour(const Shape& shape, const double (&m)[3][4], Mode mode, T* planes) {
    const int64_t n = shape.pixels();
    const T constant = mode == Mode::affine ? T(1) : T(0);
    if (shape.channels == 1) {
        // A grey image is one whose channels are equal; the result is their mean.
        double gain = 0, offset = 0;
        for (int64_t c = 0; c < 3; c++) {
            for (int64_t k = 0; k < 3; k++) gain += m[c][k] / 3;
            offset += m[c][3] / 3;
        }
        for (int64_t i = 0; i < n; i++) planes[i] = static_cast<T>(gain) * planes[i] + constant * static_cast<T>(offset);
        return;
    }
    T f[3][4];
    for (int64_t c = 0; c < 3; c++) {
        for (int64_t k = 0; k < 3; k++) f[c][k] = static_cast<T>(mode == Mode::adjoint ? m[k][c] : m[c][k]);
        f[c][3] = constant * static_cast<T>(m[c][3]);
    }
    T *red = planes, *green = planes + n, *blue = planes + 2 * n;
    for (int64_t i = 0; i < n; i++) {
        const T r = red[i], g = green[i], b = blue[i];
        red[i] = f[0][0] * r + f[0][1] * g + f[0][2] * b + f[0][3];
        green[i] = f[1][0] * r + f[1][1] * g + f[1][2] * b + f[1][3];
        blue[i] = f[2][0] * r + f[2][1] * g + f[2][2] * b + f[2][3];
    }
}

// Rows, then columns, over reflected borders. scratch: a plane and a padded row.
template <typename T>
void filter(const Shape& shape, const double* band, bool adjoint, T* plane, T* scratch) {
    const int64_t width = shape.width, height = shape.height;
    T taps[augment::band_taps];
    for (int64_t k = 0; k < augment::band_taps; k++) taps[k] = static_cast<T>(band[k]);
    T *other = scratch, *padded = scratch + shape.pixels();
    const auto columns = [&](const T* from, T* to) {
        zero(to, shape.pixels());
        for (int64_t o = 0; o < height; o++)
            for (int64_t k = 0; k < augment::band_taps; k++) {
                const int64_t i = augment::reflect(o + k - half_band, height);
                accumulate(taps[k], from + (adjoint ? o : i) * width, to + (adjoint ? i : o) * width, width);
            }
    };
    if (adjoint) {
        columns(plane, other);
        for (int64_t r = 0; r < height; r++) {
            zero(padded, width + 2 * half_band);
            for (int64_t k = 0; k < augment::band_taps; k++) accumulate(taps[k], other + r * width, padded + k, width);
            fold_row(padded, width, half_band, half_band, plane + r * width);
        }
        return;
    }
    for (int64_t r = 0; r < height; r++) {
        pad_row(plane + r * width, width, half_band, half_band, padded);
        zero(other + r * width, width);
        for (int64_t k = 0; k < augment::band_taps; k++) accumulate(taps[k], padded + k, other + r * width, width);
    }
    columns(other, plane);
}

template <typename T>
void apply(const Shape& shape, const Image& image, Mode mode, const T* in, const T* noise, T* out, T* numbers, int32_t* offsets) {
    const int64_t n = shape.pixels(), all = shape.channels * n;
    const auto cut = [&] {
        for (int64_t c = 0; c < shape.channels && image.cut_left < image.cut_right; c++)
            for (int64_t y = image.cut_top; y < image.cut_bottom; y++)
                zero(out + c * n + y * shape.width + image.cut_left, image.cut_right - image.cut_left);
    };
    const auto filter_all = [&] {
        for (int64_t c = 0; c < shape.channels && image.filters; c++) filter(shape, image.taps, mode == Mode::adjoint, out + c * n, numbers);
    };
    if (mode == Mode::adjoint) {
        copy(in, out, all);
        cut();
        filter_all();
        if (image.recolours) recolour(shape, image.colour, mode, out);
        if (!image.warps) return;
        Warper<T> warper(shape, image.warp, numbers, offsets);
        for (int64_t c = 0; c < shape.channels; c++) warper.adjoint(out + c * n);
        return;
    }
    if (image.warps) {
        Warper<T> warper(shape, image.warp, numbers, offsets);
        for (int64_t c = 0; c < shape.channels; c++) warper.forward(in + c * n, out + c * n);
    } else {
        copy(in, out, all);
    }
    if (image.recolours) recolour(shape, image.colour, mode, out);
    filter_all();
    if (mode == Mode::affine && image.sigma != 0) accumulate(static_cast<T>(image.sigma), noise, out, all);
    cut();
}

augment::Room room(const Shape& shape, const Image& image) {
    augment::Room room;
    if (image.filters) room.numbers = shape.pixels() + shape.width + 2 * half_band;
    if (image.warps) {
        const int64_t warping = Layout(shape, image.warp).total;
        if (warping > room.numbers) room.numbers = warping;
        room.offsets = shape.sample_columns();
    }
    return room;
}

}  // namespace

template <typename T>
const augment::Kernels<T>& augment_kernels() {
    static constexpr augment::Kernels<T> kernels{&room, &apply<T>};
    return kernels;
}
template const augment::Kernels<float>& augment_kernels<float>();
template const augment::Kernels<double>& augment_kernels<double>();

}  // namespace atelier::ATELIER_ISA
