#include <fontconfig/fontconfig.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "image.h"
#include "pipeline.h"

using namespace atelier::image;

namespace {

// The colour bitmaps of such fonts exist in one size (136x128 at 109 pixels per em in Noto): asked for in that size
// they come out unscaled, and the one resize is ours.
constexpr int kPixelsPerEm = 109;

Image draw(const char* utf8, const char* family) {
    const std::string font = std::string(family) + " " + std::to_string(kPixelsPerEm);
    return step([&](VipsImage** out) {
        return vips_text(out, utf8, "font", font.c_str(), "dpi", 72, "rgba", TRUE, nullptr);
    });
}

bool any_visible(VipsImage* rgba) {
    Image alpha = step([&](VipsImage** out) { return vips_extract_band(rgba, out, rgba->Bands - 1, nullptr); });
    double most = 0;
    if (vips_max(alpha.get(), &most, nullptr) != 0) throw VipsFailure();
    return most > 0;
}

// On a transparent canvas of the target's aspect, so that fitting crops nothing and every glyph has one scale.
Image centre(Image glyph, int width, int height) {
    const int64_t w = glyph->Xsize, h = glyph->Ysize;
    const int canvas_w = int(std::max<int64_t>(w, (h * width + height - 1) / height));
    const int canvas_h = int(std::max<int64_t>(h, (w * height + width - 1) / width));
    return step([&](VipsImage** out) {
        return vips_embed(glyph.get(), out, int((canvas_w - w) / 2), int((canvas_h - h) / 2), canvas_w, canvas_h, nullptr);
    });
}

}  // namespace

int atelier_image_glyph(
    const char* utf8, const char* family, int32_t width, int32_t height, uint32_t background,
    uint8_t* planes, int32_t* visible) {
    return run([&] {
        if (width <= 0 || height <= 0) throw Refusal("a glyph needs a positive size");
        Image glyph = draw(utf8, family);
        const bool seen = any_visible(glyph.get());
        Image rgb = to_rgb(centre(std::move(glyph), width, height), background);
        const Planes fitted = fit(pull(rgb.get()), width, height);
        std::memcpy(planes, fitted.pixels.get(), fitted.bytes());
        *visible = seen ? 1 : 0;
    });
}

int atelier_image_font_codepoints(const char* family, uint32_t* codepoints, size_t capacity, size_t* count) {
    return run([&] {
        using Pattern = std::unique_ptr<FcPattern, void (*)(FcPattern*)>;
        using Objects = std::unique_ptr<FcObjectSet, void (*)(FcObjectSet*)>;
        using Fonts = std::unique_ptr<FcFontSet, void (*)(FcFontSet*)>;
        using Charset = std::unique_ptr<FcCharSet, void (*)(FcCharSet*)>;
        Pattern pattern(FcPatternCreate(), FcPatternDestroy);
        Objects objects(FcObjectSetBuild(FC_CHARSET, nullptr), FcObjectSetDestroy);
        if (!pattern || !objects) throw std::bad_alloc();
        FcPatternAddString(pattern.get(), FC_FAMILY, reinterpret_cast<const FcChar8*>(family));
        Fonts fonts(FcFontList(nullptr, pattern.get(), objects.get()), FcFontSetDestroy);
        Charset all(FcCharSetCreate(), FcCharSetDestroy);
        for (int i = 0; fonts && i < fonts->nfont; i++) {
            FcCharSet* one = nullptr;
            if (FcPatternGetCharSet(fonts->fonts[i], FC_CHARSET, 0, &one) == FcResultMatch)
                FcCharSetMerge(all.get(), one, nullptr);
        }
        size_t found = 0;
        FcChar32 page[FC_CHARSET_MAP_SIZE], next = 0;
        for (FcChar32 base = FcCharSetFirstPage(all.get(), page, &next); base != FC_CHARSET_DONE;
             base = FcCharSetNextPage(all.get(), page, &next))
            for (uint32_t bit = 0; bit < 32 * FC_CHARSET_MAP_SIZE; bit++)
                if (page[bit / 32] >> (bit % 32) & 1) {
                    if (found < capacity) codepoints[found] = base + bit;
                    found++;
                }
        *count = found;
    });
}
