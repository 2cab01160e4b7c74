#include <algorithm>
#include <filesystem>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/fields_json.h"
#include "cli/command.h"
#include "cli/completion.h"
#include "cli/display.h"
#include "cli/local_run.h"
#include "cli/many.h"
#include "cli/option_flags.h"
#include "cli/remote_run.h"
#include "cli/typed_order.h"
#include "model/operation.h"
#include "model/output_name.h"
#include "sandbox/advice.h"
#include "sandbox/zygote.h"

namespace ittybit::cli {
namespace {

/// `ittybit adaptive` is the one word that is shorter than its kind.
constexpr std::string_view kind_of_word(std::string_view word) {
    return word == "adaptive" ? "adaptive_video" : word;
}

/// What the flags of a job or task fill in.
struct Typed {
    std::string kind;
    json::object options;
    std::string metadata;  // JSON
    std::string webhook_url;
    std::string priority;
};

Result<json::object> document_of(const Typed& typed) {
    json::object document{{"kind", typed.kind}, {"options", typed.options}};
    if (!typed.metadata.empty()) document["metadata"] = TRY(parse_json(typed.metadata));
    if (!typed.webhook_url.empty()) document["webhook_url"] = typed.webhook_url;
    if (!typed.priority.empty()) document["priority"] = typed_word(typed.priority);
    return document;
}

/// With a key configured the work goes to the server. A plan is made here: that uploads nothing.
Result<std::optional<ServerAccess>> server_for(const Globals& globals) {
    if (globals.is_local || globals.is_explaining) return std::optional<ServerAccess>();
    return find_server();
}

int run_where_configured(Context& context, const json::object& document, bool is_task) {
    const auto server = server_for(context.globals);
    if (!server) return Display(context.globals).finish(server.error());
    if (*server) return run_there(context, document, is_task, **server);
    return run_here(context, document, is_task);
}

int run_task(Context& context, const json::object& document) {
    if (context.globals.inputs.size() > 1) {
        return Display(context.globals)
            .finish(
                Error{ErrorKind::kInvalidInput, "a task has one input; jobs take several", "input"}
            );
    }
    // An export to a file of this machine is a copy that no server can make.
    const bool is_copy = document.at("kind") == "export" && !is_url(context.globals.output);
    if (is_copy) return run_here(context, document, true);
    return run_where_configured(context, document, true);
}

Action declare_job(CLI::App& app, std::string_view kind) {
    const auto typed = std::make_shared<Typed>();
    typed->kind = kind;
    add_option_flags(app, kind, typed->options);
    app.add_option("--metadata", typed->metadata, "Comes back with the job.")->type_name("JSON");
    app.add_option("--webhook-url", typed->webhook_url, "Called when the job has ended.")
        ->type_name("URL");
    app.add_option("--priority", typed->priority, "-10 to 10: higher first of what waits there.")
        ->type_name("N");
    return [typed](Context& context) {
        const auto document = document_of(*typed);
        if (!document) return Display(context.globals).finish(document.error());
        return run_each(context, {context.globals.output}, [&](Context& each) {
            return run_where_configured(each, *document, false);
        });
    };
}

/// The names that a body gives its outputs, in a folder.
std::vector<std::string> names_in(const json::object& body, const std::string& folder) {
    const auto* outputs = body.if_contains("outputs");
    std::vector<std::string> names;
    const auto add = [&](const json::value& output) {
        const auto name = string_at(output, "output");
        names.push_back(name.empty() ? folder : name);
    };
    if (outputs == nullptr || !outputs->is_array()) {
        add(body);
    } else {
        std::ranges::for_each(outputs->get_array(), add);
    }
    return names;
}

Action declare_run(CLI::App& app) {
    const auto typed = std::make_shared<std::string>();
    app.add_option("--body", *typed, "What to make, as for POST /jobs; - reads standard input.")
        ->type_name("JSON");
    return [typed](Context& context) {
        const auto body = read_body(*typed, context.interrupt.token());
        if (!body) return Display(context.globals).finish(body.error());
        auto& folder = context.globals.output;
        const bool is_path = !is_url(folder) && folder != work::kStandardOutput;
        if (is_path && !folder.empty() && !folder.ends_with('/')) folder += '/';
        return run_each(context, names_in(*body, context.globals.output), [&](Context& each) {
            return run_where_configured(each, *body, false);
        });
    };
}

Command job_command(
    std::string_view word, std::string_view help, std::vector<std::string_view> examples
) {
    return {
        word,          help, [word](CLI::App& app) { return declare_job(app, kind_of_word(word)); },
        Takes::kMedia, {},   std::move(examples)
    };
}

/// Each kind is a command below `task`, since each has its own flags.
Action declare_task(CLI::App& app) {
    const auto chosen = std::make_shared<std::function<int(Context&)>>();
    const auto add = [&](std::string_view word, std::string_view help) {
        auto* sub = app.add_subcommand(std::string(word), std::string(help));
        sub->allow_extras();
        sub->fallthrough();  // the global flags are those of `task`
        const auto typed = std::make_shared<Typed>();
        typed->kind = kind_of_word(word);
        add_option_flags(*sub, typed->kind, typed->options);
        sub->callback([chosen, typed] {
            *chosen = [typed](Context& context) { return run_task(context, *document_of(*typed)); };
        });
    };
    add("probe", "The facts of a file.");
    add("import", "A copy of the input.");
    for (const auto kind : kKinds) {
        if (is_job_kind(kind)) add(kind, "The work of this kind alone.");
    }
    add("adaptive", "The same as adaptive_video.");
    add("export", "A copy of a task's output where -o says.");
    return [chosen](Context& context) {
        if (*chosen) return (*chosen)(context);
        return Display(context.globals)
            .finish(Error{ErrorKind::kKindRequired, "a kind is required: see --help", "kind"});
    };
}

int check_server(Context& context, const ServerAccess& server) {
    Display display(context.globals);
    ApiClient api(server);
    const auto health = api.call("GET", "/health", nullptr, context.interrupt.token());
    if (!health) {
        display.finish(health.error());
        return exit_status_of(health.error());
    }
    json::object told{{"server", server.url}};
    if (health->is_object()) {
        for (const auto& member : health->get_object()) told[member.key()] = member.value();
    }
    display.print(told);
    return 0;
}

Action declare_health(CLI::App& /*app*/) {
    return [](Context& context) {
        Display display(context.globals);
        if (!context.globals.is_local) {
            const auto server = find_address();
            if (!server) return display.finish(server.error());
            if (*server) return check_server(context, **server);
        }
        auto options = zygote_options(std::filesystem::temp_directory_path());
        options.keeps_spare = false;
        sandbox::Zygote zygote(std::move(options));
        const auto layers = zygote.layers();
        if (!layers) return display.finish(layers.error());
        json::object told{
            {"status", "ok"},
            {"build", sandbox::build_id()},
            {"sandbox", to_json(*layers)},
            {"sandbox_missing", to_json(layers->missing())},
        };
        if (auto advice = sandbox::advice_on(*layers); !advice.empty()) {
            told["advice"] = std::move(advice);
        }
        display.print(told);
        return 0;
    };
}

Action declare_version(CLI::App& /*app*/) {
    return [](Context& context) {
        Display display(context.globals);
        const auto build = sandbox::build_id();
        if (display.is_for_people()) {
            display.print_text(fmt::format("ittybit {}\n", build));
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
    app.add_option("shell", *shell, "")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
    return [shell](Context& context) {
        Display(context.globals).print_text(completion_script(*shell, context.commands));
        return 0;
    };
}

}  // namespace

std::vector<Command> local_commands() {
    return {
        job_command(
            "video", "A video that plays where it should: mp4, webm, mov.",
            {"ittybit video -i holiday.mov -o holiday.mp4 --width 1280",
             "ittybit video -i talk.mkv -o part.webm --start 1:02:03.5 --end 1:05:00",
             "ittybit video -i *.mov -o small/ --quality low",
             "curl -s https://host/a.mov | ittybit video -i - -o - > a.mp4"}
        ),
        job_command(
            "audio", "Sound alone: mp3, aac, ogg, opus, wav, flac.",
            {"ittybit audio -i talk.mp4 -o talk.mp3",
             "ittybit audio -i talk.wav -o talk.opus --bitrate 48000"}
        ),
        job_command(
            "image", "A picture, or a frame of a video: jpeg, png, webp, avif.",
            {"ittybit image -i holiday.mov -o poster.webp --start 5",
             "ittybit image -i '*.png' -o 'web/{filename}.avif' --width 50%"}
        ),
        job_command(
            "animation", "A short animation: gif, webp.",
            {"ittybit animation -i holiday.mov -o wave.gif --start 3 --end 5.5 --width 320"}
        ),
        job_command(
            "adaptive", "A stream in several sizes: HLS.",
            {"ittybit adaptive -i holiday.mov -o stream/master.m3u8"}
        ),
        {"run",
         "Several outputs of one input, as a document says.",
         declare_run,
         Takes::kMedia,
         {},
         {"ittybit run -i film.mov -o web/ --body - < outputs.json",
          R"(ittybit run -i film.mov -o web/ --body '{"outputs":[{"kind":"video"},)"
          R"({"kind":"image","name":"poster"}]}')"}},
        {"task",
         "One task of a job alone: probe, import, a kind, export.",
         declare_task,
         Takes::kMedia,
         {},
         {"ittybit task probe -i holiday.mov | jq .output",
          "ittybit task video -i \"$(ittybit task probe -i a.mov | jq .output)\" -o a.mp4"}},
        {"health", "Checks the server, or without one this machine: programs and walls.",
         declare_health, Takes::kServer},
        {"version", "The version.", declare_version},
        {"completion",
         "A shell completion script.",
         declare_completion,
         Takes::kFormOnly,
         {{"bash", "To be sourced: source <(ittybit completion bash)"},
          {"zsh", "To be sourced behind compinit, or kept as _ittybit in $fpath"},
          {"fish", "To be kept as ~/.config/fish/completions/ittybit.fish"}}},
    };
}

}  // namespace ittybit::cli
