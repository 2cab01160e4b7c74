#include "cli/help.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <sys/ioctl.h>

#include "base/text.h"

namespace ittybit::cli {
namespace {

constexpr int kDefaultColumns = 80;
constexpr int kWidestName = 26;  // a longer one has a line of its own
constexpr int kIndent = 2;

constexpr std::string_view kFooter =
    "Exit status: 0 done; 1 the job failed; 2 the request was wrong; 3 not allowed; 4 the server "
    "or "
    "network could not be reached; 130 interrupted.";

/// How many columns UTF-8 takes, of letters that take one.
std::size_t width_of(std::string_view text) {
    const auto is_first = [](char byte) {
        return (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
    };
    return static_cast<std::size_t>(std::ranges::count_if(text, is_first));
}

/// Where a line of at most `width` ends: at a blank, or behind a |. A longer word has the line
/// alone.
std::size_t line_end(std::string_view text, std::size_t width) {
    std::size_t last = 0;
    for (std::size_t at = 1; at < text.size(); ++at) {
        if (text[at] != ' ' && text[at - 1] != '|') continue;
        if (at > width) return last > 0 ? last : at;
        last = at;
    }
    return last > 0 ? last : text.size();
}

/// A name and what it means, side by side.
struct Row {
    std::string name;
    std::string help;
};

std::string table(std::string_view title, const std::vector<Row>& rows, int columns) {
    if (rows.empty()) return "";
    std::size_t widest = 0;
    for (const auto& row : rows) {
        if (width_of(row.name) <= kWidestName) widest = std::max(widest, width_of(row.name));
    }
    const int margin = kIndent + static_cast<int>(widest) + 2;
    std::string text = fmt::format("\n{}\n", title);
    for (const auto& row : rows) {
        const bool is_wide = width_of(row.name) > widest;
        if (is_wide) {
            text += fmt::format("  {}\n{:{}}", wrapped(row.name, columns, margin), "", margin);
        } else {
            text += fmt::format("  {:<{}}  ", row.name, widest);
        }
        text += wrapped(row.help, columns, margin) + "\n";
    }
    return text;
}

std::string list(std::string_view title, const std::vector<std::string_view>& lines) {
    if (lines.empty()) return "";
    std::string text = fmt::format("\n{}\n", title);
    for (const auto line : lines) text += fmt::format("  {}\n", line);
    return text;
}

std::string name_of(const CLI::Option& option) {
    std::vector<std::string> names;
    for (const auto& letter : option.get_snames()) names.push_back("-" + letter);
    for (const auto& word : option.get_lnames()) names.push_back("--" + word);
    const auto name = join(names);
    const auto type = option.get_type_name();
    const auto value = type.substr(0, type.find(':'));  // without the range it is checked for
    return option.get_expected_max() == 0 || value.empty() ? name : name + " " + value;
}

std::vector<Row> options_in(const CLI::App& app, const std::string& group) {
    std::vector<Row> rows;
    for (const auto* option : app.get_options()) {
        const bool is_shown = option->get_group() == group && option->nonpositional();
        if (!is_shown) continue;
        const auto preset = option->get_default_str();
        const auto more = preset.empty() ? "" : fmt::format(" (default {})", preset);
        rows.push_back({name_of(*option), option->get_description() + more});
    }
    return rows;
}

std::string usage(const Command& command, std::string_view below) {
    const bool takes_input = command.takes == Takes::kMedia;
    auto text = fmt::format("Usage: ittybit {}", command.name);
    if (!below.empty()) text += fmt::format(" {}", below);
    if (!command.verbs.empty() && below.empty()) text += " …";
    if (takes_input) text += " -i INPUT… [-o OUTPUT]";
    return text + " [options]\n";
}

std::vector<Row> rows_of(const std::vector<Verb>& verbs) {
    std::vector<Row> rows;
    for (const auto& verb : verbs)
        rows.push_back({std::string(verb.words), std::string(verb.help)});
    return rows;
}

}  // namespace

int columns_of(int descriptor) {
    winsize size{};
    if (::ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kDefaultColumns;
    return size.ws_col;
}

std::string wrapped(std::string_view text, int columns, int indent) {
    const auto width = static_cast<std::size_t>(std::max(columns - indent, 20));
    std::string out;
    while (text.size() > width) {
        const auto end = line_end(text, width);
        if (end >= text.size()) break;
        out += fmt::format("{}\n{:{}}", text.substr(0, end), "", indent);
        text.remove_prefix(text[end] == ' ' ? end + 1 : end);
    }
    return out + std::string(text);
}

std::string overview(const std::vector<Command>& commands, int columns) {
    std::vector<Row> media;
    std::vector<Row> others;
    for (const auto& command : commands) {
        auto& rows = command.takes == Takes::kMedia ? media : others;
        rows.push_back({std::string(command.name), std::string(command.help)});
    }
    return "ittybit turns any media file into one that plays everywhere.\n\n"
           "Usage: ittybit COMMAND [options]\n" +
           table("Media", media, columns) + table("Server and machine", others, columns) +
           list(
               "Examples",
               {"ittybit video -i holiday.mov -o holiday.mp4 --width 1280",
                "ittybit image -i *.jpg -o small/{filename}.webp --width 400",
                "ittybit adaptive -i holiday.mov -o stream/master.m3u8", "ittybit help video"}
           ) +
           "\n" + wrapped(kFooter, columns, 0) + "\n";
}

std::string CommandHelp::make_help(
    const CLI::App* app, std::string /*name*/, CLI::AppFormatMode /*mode*/
) const {
    const bool is_command = app->get_name() == command_.name;
    std::vector<Row> below;
    for (const auto* sub : app->get_subcommands([](const CLI::App*) { return true; })) {
        below.push_back({sub->get_name(), sub->get_description()});
    }
    auto text = wrapped(app->get_description(), columns_, 0) + "\n\n" +
                usage(command_, is_command ? (below.empty() ? "" : "KIND") : app->get_name());
    if (is_command) text += table("Words", rows_of(command_.verbs), columns_);
    text +=
        table("Kinds", below, columns_) + table("Options", options_in(*app, "Options"), columns_);
    const auto* root = is_command ? app : app->get_parent();
    text += table("Everywhere", options_in(*root, "Global"), columns_);
    return text + list("Examples", command_.examples);
}

}  // namespace ittybit::cli
