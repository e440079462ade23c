using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Atelier.Cli.Output;

/// <summary><c>-o json</c>: the answer for scripts, in place of text.</summary>
internal sealed class OutputOption
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Option<string> _option;

    /// <param name="text">What the other form is called.</param>
    public OutputOption(string text = "table")
    {
        _option = new("--output", "-o") { Description = $"json or {text}", DefaultValueFactory = _ => text };
        _option.AcceptOnlyFromAmong("json", text);
    }

    public void AddTo(Command command) => command.Options.Add(_option);

    /// <summary>Whether JSON is wanted.</summary>
    public bool IsJson(ParseResult parsed) => parsed.GetValue(_option) == "json";

    /// <summary>Prints an answer as JSON or as lines.</summary>
    public void Print(ParseResult parsed, Func<JsonNode> json, Func<IEnumerable<string>> lines)
    {
        if (IsJson(parsed))
        {
            Console.WriteLine(json().ToJsonString(Indented));
            return;
        }
        foreach (string line in lines())
            Console.WriteLine(line);
    }
}
