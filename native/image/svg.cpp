#include "image.h"
#include "pipeline.h"

using namespace atelier::image;

int atelier_image_svg(
    const uint8_t* data, size_t length, double scale, uint32_t background,
    uint8_t** planes, int32_t* out_width, int32_t* out_height) {
    return run([&] {
        void* buffer = const_cast<uint8_t*>(data);  // libvips only reads it
        Image drawn = step([&](VipsImage** out) { return vips_svgload_buffer(buffer, length, out, "scale", scale, nullptr); });
        pull(to_rgb(std::move(drawn), background).get()).hand_out(planes, out_width, out_height);
    });
}
