// The C ABI of libatelier_image.so: pictures in and out of memory, over libvips.
//
// Contract of every function:
//   - Returns 0, or 1 with a one-line reason in atelier_image_last_error() (of the calling thread).
//   - Safe to call from any number of threads; one call uses one core (libvips' own concurrency is 1, its cache is off).
//   - Pixels are planes: uint8, RGB, channel by channel, rows top to bottom [3, height, width].
//   - Colours are 0xRRGGBB.
//   - Memory handed out through a pointer to a pointer is the caller's, to be given to atelier_image_free.
#pragma once

#include <cstddef>
#include <cstdint>

#define ATELIER_IMAGE_API extern "C" __attribute__((visibility("default")))

// The numbers are those of Atelier.Training.Imaging.ImageFormat.
enum atelier_image_format : int32_t {
    ATELIER_IMAGE_PNG = 0,
    ATELIER_IMAGE_JPEG = 1,
    ATELIER_IMAGE_WEBP = 2,
};

// The reason of the last failure on this thread; "" if none. Valid until the next call on this thread.
ATELIER_IMAGE_API const char* atelier_image_last_error();

ATELIER_IMAGE_API void atelier_image_free(void* memory);

// Decodes a PNG, JPEG or WebP: orientation applied, transparency laid on the background, any depth and colour space
// to 8-bit sRGB. With width and height positive the picture is cropped at its centre to that aspect and resized
// (Lanczos); with both 0 it keeps its size.
ATELIER_IMAGE_API int atelier_image_decode(
    const uint8_t* data, size_t length, int32_t width, int32_t height, uint32_t background,
    uint8_t** planes, int32_t* out_width, int32_t* out_height);

// Encodes planes [3, height, width]. Quality (1..100) is for JPEG and lossy WebP; WebP at 100 is lossless.
ATELIER_IMAGE_API int atelier_image_encode(
    const uint8_t* planes, int32_t width, int32_t height, int32_t format, int32_t quality,
    uint8_t** data, size_t* length);

// Draws one glyph of a colour font, whole and centred, into the caller's planes [3, height, width].
// `visible` becomes 1 if any pixel of the glyph is not transparent.
ATELIER_IMAGE_API int atelier_image_glyph(
    const char* utf8, const char* family, int32_t width, int32_t height, uint32_t background,
    uint8_t* planes, int32_t* visible);

// The code points, ascending, that the installed fonts of exactly this family have; none if there is no such font.
// Writes at most `capacity` of them; `count` is how many there are.
ATELIER_IMAGE_API int atelier_image_font_codepoints(
    const char* family, uint32_t* codepoints, size_t capacity, size_t* count);

// Renders an SVG document at `scale` times its own size.
ATELIER_IMAGE_API int atelier_image_svg(
    const uint8_t* data, size_t length, double scale, uint32_t background,
    uint8_t** planes, int32_t* out_width, int32_t* out_height);
