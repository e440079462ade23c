#include "pipeline.h"

#include <algorithm>
#include <string>

namespace atelier::image {
namespace {

// 16 bits to 8 by dropping the low byte, as libpng strips: 0 stays 0, 65535 becomes 255, alpha likewise.
Image to_8_bits(Image image) {
    if (image->BandFmt == VIPS_FORMAT_UCHAR) return image;
    if (image->BandFmt != VIPS_FORMAT_USHORT) throw Refusal("pixels are neither 8 nor 16 bits");
    Image shifted = step([&](VipsImage** out) { return vips_rshift_const1(image.get(), out, 8, nullptr); });
    Image cast = step([&](VipsImage** out) { return vips_cast_uchar(shifted.get(), out, nullptr); });
    VipsInterpretation as = image->Bands < 3 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB;
    return step([&](VipsImage** out) { return vips_copy(cast.get(), out, "interpretation", as, nullptr); });
}

bool contains(const uint8_t* begin, size_t length, const std::string& word) {
    return std::search(begin, begin + length, word.begin(), word.end()) != begin + length;
}

// Whether the embedded profile, if any, says something else than sRGB. A profile names itself in ASCII (version 2)
// or UTF-16BE (version 4). Converting from sRGB to sRGB would only add rounding.
bool needs_profile(VipsImage* image) {
    if (image->Bands < 3 || vips_image_get_typeof(image, VIPS_META_ICC_NAME) == 0) return false;
    const void* data = nullptr;
    size_t length = 0;
    if (vips_image_get_blob(image, VIPS_META_ICC_NAME, &data, &length) != 0) throw VipsFailure();
    auto* bytes = static_cast<const uint8_t*>(data);
    return !contains(bytes, length, "sRGB") && !contains(bytes, length, std::string("s\0R\0G\0B", 7));
}

Image convert_colours(Image image) {
    if (needs_profile(image.get())) {
        VipsImage* out = nullptr;
        if (vips_icc_transform(image.get(), &out, "srgb", "embedded", TRUE, "intent", VIPS_INTENT_RELATIVE, nullptr) == 0)
            return Image(out);
        // A profile that cannot be used (of another colour space, damaged) is no reason to lose the picture.
        vips_error_clear();
    }
    if (image->Type == VIPS_INTERPRETATION_sRGB) return image;
    return step([&](VipsImage** out) { return vips_colourspace(image.get(), out, VIPS_INTERPRETATION_sRGB, nullptr); });
}

Image flatten(Image image, uint32_t background) {
    if (!vips_image_hasalpha(image.get())) return image;
    const double colour[3] = {
        double(background >> 16 & 255), double(background >> 8 & 255), double(background & 255)};
    using Array = std::unique_ptr<VipsArrayDouble, void (*)(VipsArrayDouble*)>;
    Array array(vips_array_double_new(colour, 3), [](VipsArrayDouble* a) { vips_area_unref(VIPS_AREA(a)); });
    return step([&](VipsImage** out) { return vips_flatten(image.get(), out, "background", array.get(), nullptr); });
}

}  // namespace

Image to_rgb(Image image, uint32_t background) {
    Image rgb = flatten(convert_colours(to_8_bits(std::move(image))), background);
    if (rgb->Bands != 3 || rgb->BandFmt != VIPS_FORMAT_UCHAR)
        throw Refusal("colours cannot be brought to RGB (" + std::to_string(rgb->Bands) + " bands)");
    return rgb;
}

Planes pull(VipsImage* rgb) {
    // Through a region, by this very thread, strip by strip: libvips' own sinks start worker threads for every
    // picture, which costs more than a small picture takes. Top to bottom, as loaders in sequential mode need it.
    constexpr int kStrip = 128;
    Planes planes(rgb->Xsize, rgb->Ysize);
    std::unique_ptr<VipsRegion, void (*)(VipsRegion*)> region(vips_region_new(rgb), [](VipsRegion* r) { g_object_unref(r); });
    if (!region) throw VipsFailure();
    for (int top = 0; top < planes.height; top += kStrip) {
        const VipsRect strip = {0, top, planes.width, std::min(kStrip, planes.height - top)};
        if (vips_region_prepare(region.get(), &strip) != 0) throw VipsFailure();
        for (int y = top; y < top + strip.height; y++) {
            const uint8_t* __restrict row = VIPS_REGION_ADDR(region.get(), 0, y);
            uint8_t* __restrict red = planes.pixels.get() + size_t(y) * size_t(planes.width);
            uint8_t* __restrict green = red + planes.plane();
            uint8_t* __restrict blue = green + planes.plane();
            for (int x = 0; x < planes.width; x++) {
                red[x] = row[3 * x];
                green[x] = row[3 * x + 1];
                blue[x] = row[3 * x + 2];
            }
        }
    }
    return planes;
}

}  // namespace atelier::image
