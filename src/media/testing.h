#pragma once

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>

#include "base/fd.h"
#include "media/handles.h"
#include "media/input.h"
#include "media/sink.h"

/// Clips for tests, and sinks that look at what comes out. Tests run in the project's folder.
namespace ittybit::media {

/// The path of one of the clips that tests/make_media.sh makes, which it does once.
inline std::string clip(const std::string& name) {
    static const int made = std::system("tests/make_media.sh build/test_media");
    EXPECT_EQ(made, 0) << "the test media could not be made";
    return "build/test_media/" + name;
}

/// A file that stays open while it is read.
struct OpenFile {
    explicit OpenFile(const std::string& path)
        : descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC)), source(descriptor.get()) {
        EXPECT_TRUE(static_cast<bool>(descriptor)) << path;
    }
    Fd descriptor;
    FileSource source;
};

/// An input over a file of its own.
struct OpenInput {
    std::unique_ptr<OpenFile> file;
    std::unique_ptr<Input> input;
    Input* operator->() const { return input.get(); }
    Input& operator*() const { return *input; }
};

inline Result<OpenInput> open_path(const std::string& path, const Limits& limits = {}) {
    auto file = std::make_unique<OpenFile>(path);
    const Sniffed sniffed = TRY(sniff(file->source));
    auto input = TRY(Input::open(file->source, sniffed, limits));
    return OpenInput{std::move(file), std::move(input)};
}

/// One of make_media.sh's clips, opened; fails the test where it does not open.
inline OpenInput open_clip(const std::string& name, const Limits& limits = {}) {
    auto opened = open_path(clip(name), limits);
    if (opened) return *std::move(opened);
    ADD_FAILURE() << name << ": " << opened.error().message;
    return {};
}

/// Keeps all that is pushed.
template <typename T>
struct Collector : Sink<T> {
    Result<> push(T item) override {
        items.push_back(std::move(item));
        return {};
    }
    Result<> finish() override {
        is_finished = true;
        return {};
    }
    std::vector<T> items;
    bool is_finished = false;
};

/// The brightness of a pixel, 0–255, whatever the planar format.
inline int luma_at(const AVFrame& frame, int x, int y) {
    const auto* format = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(frame.format));
    const int depth = format->comp[0].depth;
    const int offset = y * frame.linesize[0] + x * format->comp[0].step;
    if (depth <= 8) return frame.data[0][offset];
    const int value = frame.data[0][offset] | (frame.data[0][offset + 1] << 8);
    return value >> (depth - 8);
}

}  // namespace ittybit::media
