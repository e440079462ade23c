// Augmentation of one image; the contract is in augment.h. No libtorch here.
#pragma once

#include <cstdint>

namespace atelier::augment {

// The sym6 wavelet's low-pass filter, normalised to a sum of 1, and the longest filter of the octave bands.
constexpr int64_t wavelet_taps = 12;
constexpr int64_t band_taps = 43;
// The samples reach this many pixels over the image's border, because the filter that brings them back to its size does.
constexpr int64_t border = wavelet_taps / 4;
extern const double wavelet[wavelet_taps];

struct Shape {
    int64_t channels = 0, height = 0, width = 0;
    int64_t pixels() const { return height * width; }
    int64_t sample_rows() const { return 2 * (height + 2 * border); }
    int64_t sample_columns() const { return 2 * (width + 2 * border); }
};

// Sample (row i, column j) lies at x = p[0]·j + p[1]·i + p[2], y = p[3]·j + p[4]·i + p[5] of the reflected image at twice its size.
struct Warp {
    int64_t left = 0, right = 0, top = 0, bottom = 0;  // reflected pixels around the image, each less than its size
    double position[6] = {};
    int64_t x_begin = 0, x_end = 0, y_begin = 0, y_end = 0;  // what samples meet of that image, even numbers; empty: nothing
};

// What happens to one image.
struct Image {
    bool warps = false, recolours = false, filters = false;
    Warp warp;
    double colour[3][4] = {};  // of (r, g, b, 1)
    double taps[band_taps] = {};
    double sigma = 0;
    int64_t cut_left = 0, cut_right = 0, cut_top = 0, cut_bottom = 0;  // pixels [left, right) × [top, bottom) become 0
};

// affine: the whole map; linear: without the constant part; adjoint: the transposed linear part.
enum class Mode { affine, linear, adjoint };

// Scratch that one image needs.
struct Room {
    int64_t numbers = 0, offsets = 0;
};

template <typename T>
struct Kernels {
    Room (*room)(const Shape& shape, const Image& image);
    // in, noise (null where it is not wanted), out: [channels, height, width]; out may not be in. Scratch: `room` of both kinds.
    void (*apply)(const Shape& shape, const Image& image, Mode mode, const T* in, const T* noise, T* out, T* numbers, int32_t* offsets);
};

}  // namespace atelier::augment

namespace atelier::portable {
template <typename T>
const augment::Kernels<T>& augment_kernels();
}
namespace atelier::avx2 {
template <typename T>
const augment::Kernels<T>& augment_kernels();
}
