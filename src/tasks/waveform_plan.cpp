#include "tasks/waveform_plan.h"

#include "tasks/plan.h"
#include "tasks/plan_time.h"

namespace ittybit::tasks {
namespace {

constexpr int kPoints = 200;
constexpr Size kSize = {1200, 240};
constexpr Colour kColour = {0x3b, 0x82, 0xf6, 255};  // seen on white and on black
constexpr Colour kClear = {0, 0, 0, 0};

WaveformSettings settings_of(const AudioOptions& options) {
    if (options.waveform == Waveform::kJson)
        return {.points = options.waveform_points.value_or(kPoints)};
    const WaveformDrawing drawing{
        .size = {options.width.value_or(kSize.width), options.height.value_or(kSize.height)},
        .colour = options.colour.value_or(kColour),
        .background = options.background.value_or(kClear),
    };
    return {.points = drawing.size.width, .drawing = drawing};
}

}  // namespace

Result<Plan> plan_waveform(
    const AudioOptions& options, const SourceFacts& source, const std::string& name
) {
    Plan plan = TRY(plan_of_part(options, source));
    SoundPlan sound;
    sound.why_encoded = "a waveform is made of every sample";
    sound.expects = expectation(source.sound->told_end, plan.window);
    SoundBranch branch;
    branch.waveform = settings_of(options);
    sound.branches.push_back(std::move(branch));
    plan.reads.push_back({.stream = source.sound->stream});
    plan.sounds.push_back(std::move(sound));
    plan.outputs.push_back({.name = name, .muxer = "waveform"});
    return plan;
}

}  // namespace ittybit::tasks
