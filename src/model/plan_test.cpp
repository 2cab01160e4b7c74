#include "model/plan.h"

#include <utility>

#include <gtest/gtest.h>

namespace ittybit {
namespace {

/// A still picture, and all that can be said of it.
Plan image_plan() {
    PictureBranch image;
    image.image = SaveSettings{.format = ImageFormat::kAvif, .quality = 44, .size = {10, 20}};
    PicturePlan picture;
    picture.branches = {image};
    Plan plan;
    plan.reads = {{.as = ReadAs::kPicture, .alpha = {}, .is_cover = true, .shrink_by = 2}};
    plan.pictures = {picture};
    plan.outputs = {{.name = "o.avif", .muxer = "avif", .options = {}, .metadata = {}}};
    return plan;
}

/// A film's pictures as sheets of tiles.
Plan sheet_plan() {
    Plan plan = image_plan();
    plan.reads = {{.as = ReadAs::kFrame, .stream = 1, .alpha = {}, .threads = 2}};
    plan.pictures[0].instants = PlannedInstants{.interval = 2.5, .most = 30};
    plan.pictures[0].branches[0].sheet = PlannedSheet{.columns = 10, .rows = 3};
    return plan;
}

/// One of everything that other plans can say.
Plan full_plan() {
    PictureBranch encoded;
    encoded.every = 2;
    encoded.steps = {{"scale", {{"width", 320}, {"flags", "bicubic"}}}};
    encoded.encoding.emplace();
    encoded.encoding->encoder = "libx264";
    encoded.encoding->bitrate = 1'000'000;
    encoded.encoding->options = {{"crf", 23.5}, {"preset", "fast"}};
    encoded.track = {.name = "360p", .language = "deu", .frame_rate = Ratio{30000, 1001}};
    PictureBranch gif;
    gif.gif = GifSettings{.size = {64, 48}, .loop = 3, .colours = 16};
    gif.track.output = 1;
    PictureBranch webp;
    webp.webp = AnimationSettings{.size = {64, 48}, .quality = 80};
    webp.track.output = 2;

    PicturePlan picture;
    picture.read = 1;
    picture.why_encoded = "its codec is vp9";
    picture.treatment.placement = {{64, 36}, {2, 0, 60, 36}, {64, 48}, 2, 6};
    picture.treatment.rotation = 90;
    picture.treatment.format = "yuv420p";
    picture.treatment.padding = {1, 2, 3, 4};
    picture.treatment.flatten = Colour{255, 0, 0, 255};
    picture.treatment.shape = {{640, 480}, "yuv420p", "bt709", "tv", "bt709", "bt709", true};
    picture.treatment.steps = {{"bwdif", {{"mode", "send_field"}}}};
    picture.clock = {.ticks = 90000, .fps = {25, 1}, .grid = 750};
    picture.cadence = PlannedCadence{.is_first = true, .key_seconds = 2, .key_grid = 2};
    picture.most_frames = 100;
    picture.branches = {encoded, gif, webp};
    picture.expects = {.seconds = 9.96, .pictures = 249};
    SoundPlan sound;
    sound.is_mixed = true;
    sound.loudness = LoudnessTarget{.lufs = -23, .most_dbtp = -2.2};
    SoundBranch branch;
    branch.encoding = SoundEncoding{.encoder = "flac", .bits_per_sample = 24};
    SoundBranch peaks;
    peaks.waveform = WaveformSettings{
        .points = 300, .samples = 48'000, .drawing = WaveformDrawing{{300, 64}, {1, 2, 3}, {}}
    };
    peaks.track.output = 3;
    sound.branches = {branch};
    SoundPlan drawn;
    drawn.branches = {peaks};
    SoundPlan copied;
    copied.copied = PlannedTrack{.name = "", .language = "eng", .frame_rate = {}};

    Plan plan;
    plan.reads = {
        {.as = ReadAs::kStream, .stream = 3, .alpha = 4, .threads = 5},
        {.as = ReadAs::kStream, .stream = 1, .alpha = {}},
        {.as = ReadAs::kText, .stream = 5, .alpha = {}},
    };
    plan.window = {.start = 1.5, .end = 11.46, .duration = 9.96};
    plan.has_common_end = true;
    plan.pictures = {picture};
    plan.sounds = {sound, copied, drawn};
    plan.outputs = {
        {.name = "o.mp4",
         .muxer = "mp4",
         .options = {},
         .moov_size = 1000,
         .metadata = {{"title", "T"}}},
        {.name = "o.gif", .muxer = "gif", .options = {}, .metadata = {}},
        {.name = "o.webp", .muxer = "webp", .options = {}, .metadata = {}},
        {.name = "o.png", .muxer = "waveform", .options = {}, .metadata = {}},
    };
    TextPlan beside{
        .read = 2, .codec = "subrip", .size = {320, 180}, .burnt_into = {}, .branches = {}
    };
    beside.branches = {
        {TextForm::kMovText, {.output = 0, .name = "", .language = "eng", .frame_rate = {}}}
    };
    TextPlan burnt{.read = 2, .codec = "ass", .size = {320, 180}, .burnt_into = 0, .branches = {}};
    plan.texts = {beside, burnt};
    plan.warnings = {"something was done"};
    return plan;
}

TEST(Plan, ReadsBackWhatItPrints) {
    for (const Plan& plan : {full_plan(), image_plan(), sheet_plan()}) {
        const auto text = compact_json(plan_json(plan));
        const auto read = read_plan(*parse_json(text));
        ASSERT_TRUE(read) << read.error().message;
        EXPECT_EQ(*read, plan);
        EXPECT_EQ(compact_json(plan_json(*read)), text);
    }
}

bool is_refused(void (*spoil)(Plan&), Plan plan = full_plan()) {
    spoil(plan);
    return !read_plan(plan_json(plan));
}

TEST(Plan, IsNotReadWhenItRefersToWhatIsNotThere) {
    EXPECT_FALSE(is_refused([](Plan&) {}));
    EXPECT_TRUE(is_refused([](Plan& plan) { plan.pictures[0].read = 3; }));
    EXPECT_TRUE(is_refused([](Plan& plan) { plan.sounds[0].read = -1; }));
    EXPECT_TRUE(is_refused([](Plan& plan) { plan.outputs.pop_back(); }));
    EXPECT_TRUE(is_refused([](Plan& plan) { plan.pictures[0].branches[0].encoding.reset(); }));
    EXPECT_TRUE(is_refused([](Plan& plan) { plan.pictures[0].branches[1].image = SaveSettings{}; })
    );
    EXPECT_TRUE(is_refused([](Plan& plan) { plan.sounds[0].branches.clear(); }));
    EXPECT_TRUE(is_refused([](Plan& plan) { plan.sounds[0].branches[0].encoding.reset(); }));
    EXPECT_TRUE(is_refused([](Plan& plan) {
        plan.sounds[0].branches[0].waveform = WaveformSettings{};
    }));
    EXPECT_TRUE(is_refused([](Plan& plan) { plan.texts[0].branches[0].track.output = 9; }));
    EXPECT_TRUE(is_refused([](Plan& plan) { plan.texts[0].branches.clear(); }));
    EXPECT_TRUE(is_refused([](Plan& plan) { plan.texts[1].burnt_into = 7; }));
    EXPECT_FALSE(read_plan(*parse_json("{}")));
    EXPECT_FALSE(read_plan(*parse_json(R"({"reads": [{"as": "shell"}]})")));
    EXPECT_FALSE(read_plan(*parse_json(R"({"run": "rm"})")));
}

TEST(Plan, IsNotReadWhenWhatItSaysDoesNotFitTogether) {
    EXPECT_TRUE(is_refused([](Plan& plan) { plan.reads[0].stream = -1; }));
    EXPECT_TRUE(is_refused([](Plan& plan) { plan.sounds[1].loudness.emplace(); }));
    EXPECT_TRUE(is_refused([](Plan& plan) {
        plan.sounds[0].branches.erase(plan.sounds[0].branches.begin());
    }));
    EXPECT_TRUE(is_refused([](Plan& plan) { plan.reads[0].alpha = -1; }));
    EXPECT_TRUE(is_refused([](Plan& plan) { plan.reads[1].as = ReadAs::kPicture; }));
    EXPECT_TRUE(is_refused([](Plan& plan) { plan.pictures[0].cadence.reset(); }));
    EXPECT_TRUE(is_refused([](Plan& plan) { plan.reads[2].as = ReadAs::kStream; }));
    EXPECT_TRUE(is_refused([](Plan& plan) { plan.pictures[0].read = 2; }));
    EXPECT_TRUE(is_refused([](Plan& plan) { plan.pictures.clear(); }));
    EXPECT_TRUE(is_refused([](Plan& plan) { plan.pictures[0].clock.ticks = 0; }));
    EXPECT_TRUE(is_refused([](Plan& plan) { plan.pictures[0].clock.fps.num = 0; }));
    EXPECT_TRUE(is_refused([](Plan& plan) { plan.pictures[0].branches[0].every = 0; }));
    EXPECT_TRUE(is_refused([](Plan& plan) { plan.pictures[0].branches[1].track.output = 0; }));
    EXPECT_TRUE(is_refused([](Plan& plan) { plan.pictures[0].branches[0].track.output = 2; }));
    EXPECT_TRUE(is_refused([](Plan& plan) {
        plan.has_common_end = false;
        plan.outputs[0].muxer = "hls";
        plan.pictures[0].cadence.reset();
    }));
}

TEST(Plan, IsNotReadWhenAWaveformIsMadeWhereItCannotBe) {
    const auto is_bad = [](auto spoil) {
        Plan plan = full_plan();
        spoil(plan, plan.sounds[2].branches[0]);
        return !read_plan(plan_json(plan));
    };
    EXPECT_FALSE(is_bad([](Plan&, SoundBranch&) {}));
    EXPECT_TRUE(is_bad([](Plan&, SoundBranch& peaks) { peaks.track.output = 0; }));
    EXPECT_TRUE(is_bad([](Plan& plan, SoundBranch&) { plan.sounds[0].branches[0].track.output = 3; }
    ));
    EXPECT_TRUE(is_bad([](Plan& plan, SoundBranch& peaks) {
        plan.sounds[2].branches.push_back(SoundBranch(peaks));
    }));
    EXPECT_TRUE(is_bad([](Plan&, SoundBranch& peaks) { peaks.waveform->points = 0; }));
    EXPECT_TRUE(is_bad([](Plan&, SoundBranch& peaks) { peaks.waveform->points = 301; }));
    EXPECT_TRUE(is_bad([](Plan&, SoundBranch& peaks) { peaks.waveform->samples = 299; }));
    EXPECT_TRUE(is_bad([](Plan&, SoundBranch& peaks) { peaks.waveform->drawing->size.height = 0; })
    );
}

TEST(Plan, IsNotReadWhenTextGoesWhereItCannot) {
    EXPECT_TRUE(is_refused([](Plan& plan) { plan.pictures[0].treatment.format = "rgba"; }));
    EXPECT_TRUE(is_refused([](Plan& plan) {
        plan.pictures[0].branches.clear();
        plan.pictures[0].copied.emplace();
    }));
    EXPECT_TRUE(is_refused([](Plan& plan) {
        std::swap(plan.reads[0], plan.reads[2]);
        plan.texts[0].read = plan.texts[1].read = 0;
    }));
    const auto of_animation = [](int input) {
        Plan plan = full_plan();
        plan.reads = {
            {.as = ReadAs::kAnimation, .alpha = {}},
            {.input = input, .as = ReadAs::kText, .alpha = {}},
        };
        plan.pictures[0].read = 0;
        plan.sounds.clear();
        plan.texts[0].read = plan.texts[1].read = 1;
        return static_cast<bool>(read_plan(plan_json(plan)));
    };
    EXPECT_TRUE(of_animation(1)) << "a file";
    EXPECT_FALSE(of_animation(0)) << "a track";
}

TEST(Plan, IsNotReadWhenAStillPictureIsNotAllThatItMakes) {
    EXPECT_FALSE(is_refused([](Plan&) {}, image_plan()));
    EXPECT_TRUE(
        is_refused([](Plan& plan) { plan.pictures.push_back(plan.pictures[0]); }, image_plan())
    );
    EXPECT_TRUE(is_refused([](Plan& plan) { plan.sounds = full_plan().sounds; }, image_plan()));
    EXPECT_TRUE(is_refused(
        [](Plan& plan) {
            plan.pictures[0].branches.clear();
            plan.pictures[0].copied.emplace();
        },
        image_plan()
    ));
}

TEST(Plan, IsNotReadWhenManyPicturesAreNotOfAFilm) {
    EXPECT_FALSE(is_refused([](Plan&) {}, sheet_plan()));
    const auto is_wrong = [](void (*spoil)(Plan&)) { return is_refused(spoil, sheet_plan()); };
    EXPECT_TRUE(is_wrong([](Plan& plan) { plan.reads[0].as = ReadAs::kPicture; }));
    EXPECT_TRUE(is_wrong([](Plan& plan) { plan.reads[0].is_still = true; }));
    EXPECT_TRUE(is_wrong([](Plan& plan) { plan.pictures[0].instants.reset(); }));
    EXPECT_TRUE(is_wrong([](Plan& plan) { plan.pictures[0].instants->interval = 0; }));
    EXPECT_TRUE(is_wrong([](Plan& plan) { plan.pictures[0].instants->most = kMostInstants + 1; }));
    EXPECT_TRUE(is_wrong([](Plan& plan) { plan.pictures[0].branches[0].sheet->columns = 0; }));
    EXPECT_TRUE(is_wrong([](Plan& plan) { plan.pictures[0].branches[0].sheet->rows = 1000; }));
    EXPECT_TRUE(is_wrong([](Plan& plan) { plan.pictures[0].branches[0].image->size.width = 0; }));
    EXPECT_TRUE(is_wrong([](Plan& plan) { plan.pictures[0].branches[0].image->size.width = 410; }));
    EXPECT_TRUE(is_wrong([](Plan& plan) {
        plan.pictures[0].branches[0].image.reset();
        plan.pictures[0].branches[0].gif.emplace();
        plan.outputs[0].muxer = "gif";
    }));
}

}  // namespace
}  // namespace ittybit
