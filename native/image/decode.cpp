#include <cstring>

#include "image.h"
#include "pipeline.h"

using namespace atelier::image;

namespace {

bool starts_with(const uint8_t* data, size_t length, size_t at, const char* magic, size_t size) {
    return length >= at + size && std::memcmp(data + at, magic, size) == 0;
}

// The loader is chosen here, by the first bytes: libvips' own choice would also try formats (and libraries) that
// pictures from strangers have no business in. Sequential: decoded while it is pulled, not into memory first.
Image load(const uint8_t* data, size_t length) {
    auto with = [&](auto loader) {
        return step([&](VipsImage** out) {
            return loader(const_cast<uint8_t*>(data), length, out,  // libvips only reads it
                          "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", VIPS_FAIL_ON_ERROR, nullptr);
        });
    };
    if (starts_with(data, length, 0, "\x89PNG\r\n\x1a\n", 8)) return with(vips_pngload_buffer);
    if (starts_with(data, length, 0, "\xff\xd8\xff", 3)) return with(vips_jpegload_buffer);
    if (starts_with(data, length, 0, "RIFF", 4) && starts_with(data, length, 8, "WEBP", 4)) return with(vips_webpload_buffer);
    throw Refusal(length == 0 ? "the file is empty" : "not a PNG, JPEG or WebP file");
}

// As the camera was held (EXIF). Turning reads rows out of order: the picture goes to memory first.
Image upright(Image image) {
    if (vips_image_get_orientation(image.get()) <= 1) return image;
    Image whole(vips_image_copy_memory(image.get()));
    if (!whole) throw VipsFailure();
    return step([&](VipsImage** out) { return vips_autorot(whole.get(), out, nullptr); });
}

}  // namespace

int atelier_image_decode(
    const uint8_t* data, size_t length, int32_t width, int32_t height, uint32_t background,
    uint8_t** out_planes, int32_t* out_width, int32_t* out_height) {
    return run([&] {
        Image rgb = to_rgb(upright(load(data, length)), background);
        Planes planes = pull(rgb.get());
        if (width > 0 && height > 0) planes = fit(std::move(planes), width, height);
        planes.hand_out(out_planes, out_width, out_height);
    });
}
