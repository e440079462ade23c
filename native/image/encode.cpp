#include <cstdlib>
#include <cstring>
#include <vector>

#include "image.h"
#include "pipeline.h"

using namespace atelier::image;

namespace {

void save(VipsImage* image, int32_t format, int quality, void** buffer, size_t* size) {
    int status = 1;
    switch (format) {
        case ATELIER_IMAGE_PNG:
            status = vips_pngsave_buffer(image, buffer, size, "compression", 6, nullptr);
            break;
        case ATELIER_IMAGE_JPEG:
            status = vips_jpegsave_buffer(image, buffer, size, "Q", quality, nullptr);
            break;
        case ATELIER_IMAGE_WEBP:
            status = vips_webpsave_buffer(image, buffer, size, "Q", quality, "lossless", quality >= 100, nullptr);
            break;
        default:
            throw Refusal("unknown image format " + std::to_string(format));
    }
    if (status != 0) throw VipsFailure();
}

}  // namespace

int atelier_image_encode(
    const uint8_t* planes, int32_t width, int32_t height, int32_t format, int32_t quality,
    uint8_t** data, size_t* length) {
    return run([&] {
        if (width <= 0 || height <= 0) throw Refusal("the image is empty");
        const size_t plane = size_t(width) * size_t(height);
        std::vector<uint8_t> interleaved(3 * plane);
        for (size_t i = 0; i < plane; i++)
            for (size_t c = 0; c < 3; c++) interleaved[i * 3 + c] = planes[c * plane + i];
        Image wrapped(vips_image_new_from_memory(interleaved.data(), interleaved.size(), width, height, 3, VIPS_FORMAT_UCHAR));
        if (!wrapped) throw VipsFailure();
        Image image = step([&](VipsImage** out) {
            return vips_copy(wrapped.get(), out, "interpretation", VIPS_INTERPRETATION_sRGB, nullptr);
        });
        void* buffer = nullptr;
        size_t size = 0;
        save(image.get(), format, quality, &buffer, &size);
        // One free() for everything handed out; the copy is small beside the compression.
        std::unique_ptr<void, void (*)(void*)> owned(buffer, g_free);
        auto* copy = static_cast<uint8_t*>(std::malloc(size));
        if (!copy) throw std::bad_alloc();
        std::memcpy(copy, buffer, size);
        *data = copy;
        *length = size;
    });
}
