// Pixels in memory, as they leave the library: uint8 RGB planes [3, height, width].
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>

namespace atelier::image {

struct Planes {
    struct Free {
        void operator()(uint8_t* memory) const { std::free(memory); }
    };

    // Uninitialised. Throws a Refusal when it would not fit a .NET array.
    Planes(int width, int height);

    size_t plane() const { return size_t(width) * size_t(height); }
    size_t bytes() const { return 3 * plane(); }

    // Gives the pixels to the caller of an export.
    void hand_out(uint8_t** memory, int32_t* out_width, int32_t* out_height) {
        *out_width = width;
        *out_height = height;
        *memory = pixels.release();
    }

    int width, height;
    std::unique_ptr<uint8_t, Free> pixels;
};

// Crops at the centre to the aspect of width x height, then resizes to it: Lanczos with three lobes, widened when
// downsizing so that every source pixel counts. Our own, in integers: the same pixels with every version of libvips
// on every processor, because they decide a run's trajectory; and several times faster on small pictures.
Planes fit(Planes source, int width, int height);

}  // namespace atelier::image
