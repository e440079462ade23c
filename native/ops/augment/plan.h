// What an augmentation's parameters mean for images of a size.
#pragma once

#include <vector>

#include "augment_kernel.h"

namespace atelier::augment {

// A row of parameters:
//   0–5    [2×3] geometry, from a pixel of the result to one of the image, both counted from the middle of the image
//   6–17   [3×4] colour, of (r, g, b, 1)
//   18–21  gains of the octave bands, the lowest frequencies first
//   22     σ of the noise
//   23–25  cutout: x and y of its middle and the length of a side, as parts of the image's width and height
// What leaves the image as it is (the identity, gains of 1, zeros) costs nothing.
constexpr int64_t parameter_count = 26;
constexpr int64_t band_count = 4;

Image plan(const Shape& shape, const double* parameters);

// The bands' filters, [band_count][band_taps]: sym2 wavelets cascaded over three octaves; they add up to the identity.
const std::vector<std::vector<double>>& filter_bank();

// Where a filter or a margin that leaves [0, size) meets the image: reflected without repeating the border's pixels.
int64_t reflect(int64_t i, int64_t size);

}  // namespace atelier::augment
