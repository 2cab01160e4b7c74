#include <filesystem>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/fields_json.h"
#include "cli/command.h"
#include "cli/completion.h"
#include "cli/display.h"
#include "cli/local_run.h"
#include "cli/option_flags.h"
#include "cli/remote_run.h"
#include "model/operation.h"
#include "sandbox/zygote.h"

namespace ittybit::cli {
namespace {

/// `ittybit adaptive` is the one word that is shorter than its kind.
constexpr std::string_view kind_of_word(std::string_view word) {
    return word == "adaptive" ? "adaptive_video" : word;
}

/// What the flags of a job command fill in.
struct Typed {
    JobWords words;
    std::string metadata;
};

Action declare_job(CLI::App& app, std::string_view kind) {
    const auto typed = std::make_shared<Typed>();
    typed->words.kind = kind;
    add_option_flags(app, kind, typed->words.options);
    app.add_option("--metadata", typed->metadata, "JSON that comes back with the job.");
    app.add_option("--webhook-url", typed->words.webhook_url, "Called when the job has ended.");
    return [typed](Context& context) {
        if (!typed->metadata.empty()) {
            const auto metadata = parse_json(typed->metadata);
            if (!metadata) return Display(context.globals).finish(metadata.error());
            typed->words.metadata = *metadata;
        }
        // With a key configured the job goes to the server.
        const auto server = context.globals.is_local ? std::nullopt : find_server();
        if (server) return run_job_there(context, typed->words, *server);
        return run_job_here(context, typed->words);
    };
}

Command job_command(std::string_view word, std::string_view help) {
    return {word, help, [word](CLI::App& app) { return declare_job(app, kind_of_word(word)); }};
}

/// Each kind is a command below `task`, since each has its own flags.
Action declare_task(CLI::App& app) {
    app.require_subcommand(1);
    const auto chosen = std::make_shared<std::function<int(Context&)>>();
    const auto add = [&](std::string_view word, std::string_view help) {
        auto* sub = app.add_subcommand(std::string(word), std::string(help));
        sub->allow_extras();
        sub->fallthrough();  // the global flags are those of `task`
        const auto words = std::make_shared<JobWords>();
        words->kind = kind_of_word(word);
        add_option_flags(*sub, words->kind, words->options);
        sub->callback([chosen, words] {
            *chosen = [words](Context& context) { return run_task_here(context, *words); };
        });
        return sub;
    };
    add("probe", "The facts of a file.");
    add("import", "A copy of the input.");
    for (const auto kind : kKinds) {
        if (is_job_kind(kind)) add(kind, "The work of this kind alone.");
    }
    add("export", "A copy of a task's output where -o says.");
    return [chosen](Context& context) { return (*chosen)(context); };
}

Action declare_health(CLI::App& /*app*/) {
    return [](Context& context) {
        Display display(context.globals);
        auto options = zygote_options(std::filesystem::temp_directory_path());
        options.keeps_spare = false;
        sandbox::Zygote zygote(std::move(options));
        const auto layers = zygote.layers();
        if (!layers) return display.finish(layers.error());
        json::array missing;
        for (const auto& name : layers->missing()) missing.push_back(json::string(name));
        display.print(json::object{
            {"status", "ok"},
            {"build", sandbox::build_id()},
            {"sandbox", to_json(*layers)},
            {"sandbox_missing", std::move(missing)},
        });
        return 0;
    };
}

Action declare_version(CLI::App& /*app*/) {
    return [](Context& context) {
        Display display(context.globals);
        const auto build = sandbox::build_id();
        if (display.is_for_people()) {
            fmt::print("ittybit {}\n", build);
        } else {
            display.print(
                json::object{{"version", build.substr(0, build.find('+'))}, {"build", build}}
            );
        }
        return 0;
    };
}

Action declare_completion(CLI::App& app) {
    const auto shell = std::make_shared<std::string>();
    app.add_option("shell", *shell, "bash, zsh or fish")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish"}));
    return [shell](Context& context) {
        fmt::print("{}", completion_script(*shell, context.commands));
        return 0;
    };
}

}  // namespace

std::vector<Command> local_commands() {
    return {
        job_command("video", "A video that plays where it should: mp4, webm, mov."),
        job_command("audio", "Sound alone: mp3, aac, ogg, opus, wav, flac."),
        job_command("image", "A picture, or a frame of a video: jpeg, png, webp, avif."),
        job_command("animation", "A short animation: gif, webp."),
        job_command("adaptive", "A stream in several sizes: HLS."),
        {"task", "One task of a job alone: probe, import, a kind, export.", declare_task},
        {"health", "Checks this machine: programs and walls.", declare_health},
        {"version", "The version.", declare_version},
        {"completion", "A shell completion script.", declare_completion},
    };
}

}  // namespace ittybit::cli
