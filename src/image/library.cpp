#include "image/library.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>

#include <dlfcn.h>
#include <fmt/format.h>
#include <gmodule.h>

#include "image/source.h"

namespace ittybit::image {
namespace {

/// What may run of libvips' readers and writers. Everything else is blocked.
constexpr std::array kAllowed = {
    "VipsForeignLoadJpegSource",  "VipsForeignLoadPngSource",  "VipsForeignLoadWebpSource",
    "VipsForeignLoadNsgifSource", "VipsForeignLoadTiffSource", "VipsForeignLoadHeifSource",
    "VipsForeignSaveJpegTarget",  "VipsForeignSavePngTarget",  "VipsForeignSaveWebpTarget",
    "VipsForeignSaveHeifTarget",  "VipsForeignSaveAvifTarget",
    "VipsForeignSaveSpngTarget",  // PNG by another library, in newer builds
};

constexpr std::array kLoaders = {
    "jpegload_source", "pngload_source",  "webpload_source",
    "gifload_source",  "tiffload_source", "heifload_source",
};

/// libvips loads every module it finds at start: PDF, ImageMagick, OpenSlide with some hundred
/// libraries, 50 ms of it. Of these we want HEIF alone, so it is started with no folder to search
/// and HEIF loaded by hand.
Result<> start_without_modules() {
    ::setenv("VIPSHOME", "/nonexistent", 1);
    const int code = vips_init("ittybit-media");
    ::unsetenv("VIPSHOME");
    if (code != 0) return Error{ErrorKind::kInternalError, "start libvips: " + take_message(), ""};
    return {};
}

bool has_operation(const char* nickname) {
    return vips_type_find("VipsOperation", nickname) != 0;
}

Result<> load_heif() {
    if (has_operation("heifload_source")) return {};
    Dl_info info = {};
    std::string folder;
    if (::dladdr(::dlsym(RTLD_DEFAULT, "vips_init"), &info) != 0)
        folder = std::filesystem::path(info.dli_fname).parent_path().string();
    const std::string path =
        fmt::format("{}/vips-modules-{}.{}/vips-heif.so", folder, vips_version(0), vips_version(1));
    GModule* module = g_module_open(path.c_str(), G_MODULE_BIND_LAZY);
    if (module == nullptr || !has_operation("heifload_source"))
        return Error{
            ErrorKind::kInternalError, "libvips lacks its HEIF module: install libheif1", ""
        };
    g_module_make_resident(module);
    return {};
}

void allow_only_ours() {
    vips_block_untrusted_set(TRUE);
    vips_operation_block_set("VipsForeignLoad", TRUE);
    vips_operation_block_set("VipsForeignSave", TRUE);
    vips_operation_block_set("VipsSystem", TRUE);
    for (const char* name : kAllowed) {
        if (g_type_from_name(name) != 0) vips_operation_block_set(name, FALSE);
    }
}

/// Lets each reader look at nonsense: enough to load its plugins and tables. Nothing here may start
/// a thread, since threads do not survive the zygote's fork and libvips would wait for them.
void touch_loaders() {
    static constexpr std::array<std::byte, 64> kNonsense{};
    for (const char* name : kLoaders) {
        MemorySource nonsense(kNonsense);
        auto state = std::make_shared<SourceState>();
        state->bytes = &nonsense;
        const Source source = make_source(state);
        VipsImage* image = nullptr;
        if (vips_call(name, source.get(), &image, nullptr) == 0) g_object_unref(image);
        vips_error_clear();
    }
}

std::atomic<bool>& is_damage_read() {
    static std::atomic<bool> is_read = false;
    return is_read;
}

/// Most of libvips' warnings (a profile it ignores, a comment it cannot read) are nobody's
/// business; libjpeg's of lost data are.
void take_warning(const gchar*, GLogLevelFlags, const gchar* text, gpointer) {
    constexpr auto kDamage = std::to_array<std::string_view>(
        {"premature end of data segment", "bad Huffman code", "instead of RST"}
    );
    const std::string_view said = text == nullptr ? "" : text;
    if (std::ranges::any_of(kDamage, [&](auto word) { return said.find(word) != said.npos; }))
        is_damage_read() = true;
}

Result<> start() {
    g_log_set_handler("VIPS", G_LOG_LEVEL_MASK, take_warning, nullptr);
    TRY(start_without_modules());
    TRY(load_heif());
    allow_only_ours();
    vips_cache_set_max(0);
    vips_cache_set_max_mem(0);
    vips_cache_set_max_files(0);
    touch_loaders();
    return {};
}

}  // namespace

bool take_damage() {
    return is_damage_read().exchange(false);
}

Result<> init() {
    static std::once_flag once;
    static Result<> started;
    std::call_once(once, [] { started = start(); });
    return started;
}

void set_threads(int count) {
    vips_concurrency_set(count);
}

std::string version() {
    return fmt::format("{}.{}.{}", vips_version(0), vips_version(1), vips_version(2));
}

}  // namespace ittybit::image
