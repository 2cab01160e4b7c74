#include "image/library.h"

#include <fstream>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "image/testing.h"

namespace ittybit::image {
namespace {

void* collect_usable(GType type, void* names) {
    const auto* operation = static_cast<VipsOperationClass*>(g_type_class_ref(type));
    const bool is_blocked = (operation->flags & VIPS_OPERATION_BLOCKED) != 0;
    const bool is_real = G_TYPE_IS_ABSTRACT(type) == FALSE;
    if (is_real && !is_blocked)
        static_cast<std::set<std::string>*>(names)->insert(vips_nickname_find(type));
    return nullptr;
}

std::set<std::string> usable_below(const char* type) {
    std::set<std::string> names;
    vips_type_map_all(g_type_from_name(type), collect_usable, &names);
    return names;
}

TEST(Library, LetsOnlySixReadersAndOurWritersRun) {
    ASSERT_TRUE(init());
    EXPECT_EQ(
        usable_below("VipsForeignLoad"), (std::set<std::string>{
                                             "gifload_source", "heifload_source", "jpegload_source",
                                             "pngload_source", "tiffload_source", "webpload_source"
                                         })
    );
    const auto savers = usable_below("VipsForeignSave");
    for (const char* ours :
         {"heifsave_target", "jpegsave_target", "pngsave_target", "webpsave_target"})
        EXPECT_TRUE(savers.contains(ours)) << ours;
    EXPECT_LE(savers.size(), 5U);
}

TEST(Library, LoadsNoModuleButHeif) {
    ASSERT_TRUE(init());
    EXPECT_EQ(vips_type_find("VipsOperation", "pdfload"), 0U);
    EXPECT_EQ(vips_type_find("VipsOperation", "magickload"), 0U);
    EXPECT_NE(vips_type_find("VipsOperation", "heifload_source"), 0U);
}

TEST(Library, RefusesEveryFileReader) {
    ASSERT_TRUE(init());
    const TemporaryFolder folder;
    const std::map<std::string, std::string> files = {
        {"a.mat", "2 1\n3 4\n"},
        {"a.csv", "1,2\n3,4\n"},
        {"a.ppm", "P3\n1 1\n255\n1 2 3\n"},
        {"a.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"4\" height=\"4\"/>"},
        {"a.hdr", "#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 1 +X 1\n    "},
        {"a.pdf", "%PDF-1.4\n"},
        {"a.fits", "SIMPLE  =                    T"},
    };
    for (const auto& [name, text] : files) {
        std::ofstream(name) << text;
        VipsImage* image = vips_image_new_from_file(name.c_str(), nullptr);
        EXPECT_EQ(image, nullptr) << name;
        vips_error_clear();
    }
}

}  // namespace
}  // namespace ittybit::image
