#include "status.h"

#include <cstdlib>
#include <mutex>
#include <shared_mutex>

#include <vips/vips.h>

#include "image.h"

namespace atelier::image {
namespace {

thread_local std::string last_error;

// Held shared by every call, exclusively by the second run of one that failed.
std::shared_mutex failures;

void start() {
    static std::once_flag once;
    std::call_once(once, [] {
        if (vips_init("atelier") != 0) throw VipsFailure();
        // Parallelism is the caller's: images side by side, one core each.
        vips_concurrency_set(1);
        // Every picture is seen once; a cache of operations would only grow.
        vips_cache_set_max(0);
        // What matters comes back as an error; warnings to stderr would break the progress line.
        g_log_set_handler("VIPS", G_LOG_LEVEL_WARNING, [](const gchar*, GLogLevelFlags, const gchar*, gpointer) {}, nullptr);
    });
}

// "pngload_buffer: libpng read error\nvips2png: ...\n" to one line.
std::string one_line(std::string text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
    for (size_t at; (at = text.find('\n')) != std::string::npos;) text.replace(at, 1, "; ");
    return text;
}

}  // namespace

int run(const std::function<void()>& body) noexcept {
    try {
        last_error.clear();
        auto attempt = [&] {
            start();
            body();
        };
        try {
            std::shared_lock<std::shared_mutex> together(failures);
            attempt();
            return 0;
        } catch (const VipsFailure&) {
        }
        std::unique_lock<std::shared_mutex> alone(failures);
        vips_error_clear();
        try {
            attempt();
            return 0;
        } catch (const VipsFailure&) {
            last_error = one_line(vips_error_buffer());
            vips_error_clear();
            if (last_error.empty()) last_error = "libvips gave no reason";
        }
    } catch (const std::exception& e) {
        last_error = e.what();
    } catch (...) {
        last_error = "unknown error";
    }
    return 1;
}

}  // namespace atelier::image

const char* atelier_image_last_error() { return atelier::image::last_error.c_str(); }

void atelier_image_free(void* memory) { std::free(memory); }
