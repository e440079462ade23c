// The steps that the exports share: owned libvips images, pictures to 8-bit sRGB, sRGB to planes.
#pragma once

#include <cstdint>
#include <memory>

#include <vips/vips.h>

#include "planes.h"
#include "status.h"

namespace atelier::image {

struct Unref {
    void operator()(VipsImage* image) const { g_object_unref(image); }
};
using Image = std::unique_ptr<VipsImage, Unref>;

// Takes what a libvips operation left in `out`: Image next = step([&](VipsImage** out) { return vips_autorot(in.get(), out, nullptr); });
template <typename Operation>
Image step(Operation operation) {
    VipsImage* out = nullptr;
    if (operation(&out) != 0) throw VipsFailure();
    return Image(out);
}

// Any picture to three bands of 8-bit sRGB, transparency laid on the background.
Image to_rgb(Image image, uint32_t background);

// Reads a three-band 8-bit image, top to bottom.
Planes pull(VipsImage* rgb);

}  // namespace atelier::image
