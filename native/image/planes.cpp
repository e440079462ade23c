#include "planes.h"

#include <algorithm>
#include <cmath>
#include <new>
#include <string>
#include <vector>

#include "status.h"

namespace atelier::image {
namespace {

// The part of a row or column that is kept.
struct Span {
    int first, length;
};

// Fixed-point weights: |sum of products| < 1.5 · 255 · 2^22 < 2^31.
constexpr int kBits = 22;

// The weights of one output pixel, over source pixels from `first` on.
struct Taps {
    int first;
    std::vector<int32_t> weights;
};

double lanczos3(double x) {
    constexpr double pi = 3.14159265358979323846;
    if (x == 0) return 1;
    if (std::abs(x) >= 3) return 0;
    return 3 * std::sin(pi * x) * std::sin(pi * x / 3) / (pi * pi * x * x);
}

std::vector<Taps> make_taps(Span source, int target) {
    const double scale = double(source.length) / target;
    const double stretch = std::max(scale, 1.0);
    std::vector<Taps> taps(static_cast<size_t>(target));
    for (int i = 0; i < target; i++) {
        const double centre = (i + 0.5) * scale;
        const int begin = std::max(0, int(std::floor(centre - 3 * stretch)));
        const int end = std::min(source.length, int(std::ceil(centre + 3 * stretch)));
        std::vector<double> exact;
        double sum = 0;
        for (int j = begin; j < end; j++) {
            exact.push_back(lanczos3((j + 0.5 - centre) / stretch));
            sum += exact.back();
        }
        Taps& tap = taps[size_t(i)];
        tap.first = source.first + begin;
        int32_t left = 1 << kBits;
        for (double w : exact) {
            tap.weights.push_back(int32_t(std::lround(w / sum * (1 << kBits))));
            left -= tap.weights.back();
        }
        // The heaviest takes what rounding left over: weights sum to one, and flat areas stay flat.
        *std::max_element(tap.weights.begin(), tap.weights.end()) += left;
    }
    return taps;
}

uint8_t to_byte(int32_t sum) { return uint8_t(std::clamp((sum + (1 << (kBits - 1))) >> kBits, 0, 255)); }

// One plane [rows, width] of which `rows` are kept, to [rows.length, taps.size()].
void resize_rows(const uint8_t* in, int width, Span rows, const std::vector<Taps>& taps, uint8_t* out) {
    for (int y = 0; y < rows.length; y++) {
        const uint8_t* row = in + size_t(rows.first + y) * size_t(width);
        for (const Taps& tap : taps) {
            int32_t sum = 0;
            for (size_t k = 0; k < tap.weights.size(); k++) sum += tap.weights[k] * row[size_t(tap.first) + k];
            *out++ = to_byte(sum);
        }
    }
}

// One plane [height, width] to [taps.size(), width].
void resize_columns(const uint8_t* in, int width, const std::vector<Taps>& taps, uint8_t* out) {
    std::vector<int32_t> sums(static_cast<size_t>(width));
    for (const Taps& tap : taps) {
        std::fill(sums.begin(), sums.end(), 0);
        for (size_t k = 0; k < tap.weights.size(); k++) {
            const uint8_t* row = in + (size_t(tap.first) + k) * size_t(width);
            for (size_t x = 0; x < sums.size(); x++) sums[x] += tap.weights[k] * row[x];
        }
        for (int32_t sum : sums) *out++ = to_byte(sum);
    }
}

}  // namespace

Planes::Planes(int width, int height) : width(width), height(height) {
    if (bytes() > INT32_MAX) throw Refusal("too large: " + std::to_string(width) + "x" + std::to_string(height) + " pixels");
    pixels.reset(static_cast<uint8_t*>(std::malloc(bytes())));
    if (!pixels) throw std::bad_alloc();
}

Planes fit(Planes source, int width, int height) {
    const int64_t w = source.width, h = source.height;
    // The largest centred box of the target's aspect, rounded to nearest, at least one pixel.
    const int box_w = w * height > h * width ? int(std::max<int64_t>(1, (h * width + height / 2) / height)) : source.width;
    const int box_h = w * height < h * width ? int(std::max<int64_t>(1, (w * height + width / 2) / width)) : source.height;
    if (source.width == width && source.height == height) return source;

    const Span columns{(source.width - box_w) / 2, box_w}, rows{(source.height - box_h) / 2, box_h};
    const std::vector<Taps> across = make_taps(columns, width), down = make_taps({0, box_h}, height);
    Planes result(width, height);
    std::vector<uint8_t> narrowed(size_t(width) * size_t(box_h));
    for (size_t c = 0; c < 3; c++) {
        resize_rows(source.pixels.get() + c * source.plane(), source.width, rows, across, narrowed.data());
        resize_columns(narrowed.data(), width, down, result.pixels.get() + c * result.plane());
    }
    return result;
}

}  // namespace atelier::image
