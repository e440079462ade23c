#include "plan.h"

#include <algorithm>
#include <cmath>

namespace atelier::augment {

// Daubechies' least asymmetric wavelet with six vanishing moments, divided by √2.
const double wavelet[wavelet_taps] = {
    0.015404109327027373 * M_SQRT1_2, 0.0034907120842174702 * M_SQRT1_2, -0.11799011114819057 * M_SQRT1_2, -0.048311742585633 * M_SQRT1_2,
    0.4910559419267466 * M_SQRT1_2,   0.787641141030194 * M_SQRT1_2,     0.3379294217276218 * M_SQRT1_2,   -0.07263752278646252 * M_SQRT1_2,
    -0.021060292512300564 * M_SQRT1_2, 0.04472490177066578 * M_SQRT1_2,  0.0017677118642428036 * M_SQRT1_2, -0.007800708325034148 * M_SQRT1_2};

namespace {

using Filter = std::vector<double>;

Filter convolve(const Filter& a, const Filter& b) {
    Filter result(a.size() + b.size() - 1, 0.0);
    for (size_t i = 0; i < a.size(); i++)
        for (size_t j = 0; j < b.size(); j++) result[i + j] += a[i] * b[j];
    return result;
}

// H(z)·H(1/z)/2
Filter power(const Filter& h) {
    Filter result = convolve(h, Filter(h.rbegin(), h.rend()));
    for (double& tap : result) tap /= 2;
    return result;
}

Filter stretch(const Filter& h) {
    Filter result(2 * h.size() - 1, 0.0);
    for (size_t i = 0; i < h.size(); i++) result[2 * i] = h[i];
    return result;
}

std::vector<Filter> make_bank() {
    // sym2, which is Daubechies' wavelet with two vanishing moments.
    const double r = std::sqrt(3.0), s = 4 * std::sqrt(2.0);
    const Filter low{(1 - r) / s, (3 - r) / s, (3 + r) / s, (1 + r) / s};
    const Filter high{low[0], -low[1], low[2], -low[3]};
    const Filter low_power = power(low), high_power = power(high);
    std::vector<Filter> bank(band_count, Filter{0.0});
    bank[0][0] = 1;
    for (int64_t octave = 1; octave < band_count; octave++) {
        for (Filter& band : bank) band = convolve(stretch(band), low_power);
        const size_t start = (bank[octave].size() - high_power.size()) / 2;
        for (size_t k = 0; k < high_power.size(); k++) bank[octave][start + k] += high_power[k];
    }
    return bank;
}

// Margins and positions as published, but of this image alone: nothing depends on its neighbours in a batch.
Warp warp_of(const Shape& shape, const double* g) {
    const double height = static_cast<double>(shape.height), width = static_cast<double>(shape.width);
    const double cx = (width - 1) / 2, cy = (height - 1) / 2;
    // Of the result's corners; a centred box reaches as far to one side as to the other, but for the translation.
    const double reach_x = std::abs(g[0]) * cx + std::abs(g[1]) * cy, reach_y = std::abs(g[3]) * cx + std::abs(g[4]) * cy;
    const auto margin = [](double reach, double centre, double size) {
        return static_cast<int64_t>(std::ceil(std::clamp(reach + 2 * border - centre, 0.0, size - 1)));
    };
    Warp warp;
    warp.left = margin(reach_x - g[2], cx, width);
    warp.right = margin(reach_x + g[2], cx, width);
    warp.top = margin(reach_y - g[5], cy, height);
    warp.bottom = margin(reach_y + g[5], cy, height);
    const double first_x = width + 2 * border - 1, first_y = height + 2 * border - 1;
    double* p = warp.position;
    p[0] = g[0];
    p[1] = g[1];
    p[2] = -g[0] * first_x - g[1] * first_y + 2 * g[2] + width - 1 + 2 * static_cast<double>(warp.left);
    p[3] = g[3];
    p[4] = g[4];
    p[5] = -g[3] * first_x - g[4] * first_y + 2 * g[5] + height - 1 + 2 * static_cast<double>(warp.top);

    // One more on every side than the corners say, for rounding.
    const double last_j = static_cast<double>(shape.sample_columns() - 1), last_i = static_cast<double>(shape.sample_rows() - 1);
    const auto range = [&](const double* q, int64_t size, int64_t& begin, int64_t& end) {
        const double low = q[2] + std::min(q[0] * last_j, 0.0) + std::min(q[1] * last_i, 0.0);
        const double high = q[2] + std::max(q[0] * last_j, 0.0) + std::max(q[1] * last_i, 0.0);
        const double limit = static_cast<double>(size);
        begin = static_cast<int64_t>(std::clamp(std::floor(low) - 1, 0.0, limit)) / 2 * 2;
        end = (static_cast<int64_t>(std::clamp(std::floor(high) + 3, 0.0, limit)) + 1) / 2 * 2;
    };
    range(p, 2 * (shape.width + warp.left + warp.right), warp.x_begin, warp.x_end);
    range(p + 3, 2 * (shape.height + warp.top + warp.bottom), warp.y_begin, warp.y_end);
    return warp;
}

// Pixels whose middle is less than half a side away from the cutout's middle.
void cut(double middle, double side, int64_t size, int64_t& begin, int64_t& end) {
    const auto inside = [&](int64_t i) { return std::abs((static_cast<double>(i) + .5) / static_cast<double>(size) - middle) < side / 2; };
    begin = 0;
    while (begin < size && !inside(begin)) begin++;
    end = begin;
    while (end < size && inside(end)) end++;
}

}  // namespace

const std::vector<std::vector<double>>& filter_bank() {
    static const std::vector<Filter> bank = make_bank();
    return bank;
}

int64_t reflect(int64_t i, int64_t size) {
    if (size == 1) return 0;
    const int64_t period = 2 * (size - 1), phase = (i % period + period) % period;
    return phase < size ? phase : period - phase;
}

Image plan(const Shape& shape, const double* parameters) {
    constexpr double same_geometry[6] = {1, 0, 0, 0, 1, 0};
    constexpr double same_colour[12] = {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0};
    Image image;
    image.warps = !std::equal(same_geometry, same_geometry + 6, parameters);
    if (image.warps) image.warp = warp_of(shape, parameters);
    image.recolours = !std::equal(same_colour, same_colour + 12, parameters + 6);
    std::copy(parameters + 6, parameters + 18, image.colour[0]);
    const double* gains = parameters + 18;
    image.filters = !std::all_of(gains, gains + band_count, [](double gain) { return gain == 1; });
    for (int64_t band = 0; image.filters && band < band_count; band++)
        for (int64_t k = 0; k < band_taps; k++) image.taps[k] += gains[band] * filter_bank()[band][k];
    image.sigma = parameters[22];
    if (parameters[25] > 0) {
        cut(parameters[23], parameters[25], shape.width, image.cut_left, image.cut_right);
        cut(parameters[24], parameters[25], shape.height, image.cut_top, image.cut_bottom);
    }
    return image;
}

}  // namespace atelier::augment
