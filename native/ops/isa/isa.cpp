#include "isa.h"

#include <cstdlib>
#include <cstring>

namespace atelier::isa {

static Level detect() {
#if defined(ATELIER_HAS_AVX2)
    const char* wanted = std::getenv("ATELIER_ISA");
    if (wanted != nullptr && std::strcmp(wanted, "portable") == 0) return Level::portable;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return Level::avx2;
#endif
    return Level::portable;
}

Level level() {
    static const Level detected = detect();
    return detected;
}

const char* level_name() { return level() == Level::avx2 ? "avx2" : "portable"; }

}  // namespace atelier::isa
