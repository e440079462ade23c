using System.Text.Json;

namespace Atelier.TestKit;

/// <summary>How a command ended.</summary>
/// <param name="ExitCode">Its exit code; 128 + n after signal n.</param>
/// <param name="Output">Lines of its standard output.</param>
/// <param name="Errors">Lines of its standard error.</param>
public sealed record AtelierResult(int ExitCode, IReadOnlyList<string> Output, IReadOnlyList<string> Errors)
{
    /// <summary>The standard output as text.</summary>
    public string Text => string.Join('\n', Output);

    /// <summary>The standard error as text.</summary>
    public string ErrorText => string.Join('\n', Errors);

    /// <summary>Every line of the output, parsed.</summary>
    /// <exception cref="JsonException">A line is no JSON.</exception>
    public IReadOnlyList<JsonElement> Json => [.. Output.Select(line => JsonDocument.Parse(line).RootElement)];

    /// <summary>The hash in the summary of <c>train --json</c>, its last line.</summary>
    public string StateSha256 => Json[^1].GetProperty("state_sha256").GetString()!;

    /// <summary>Passes on a command that succeeded.</summary>
    /// <exception cref="InvalidOperationException">It did not; the message has what it printed.</exception>
    public AtelierResult Succeeded() => ExitCode == 0
        ? this
        : throw new InvalidOperationException($"exit code {ExitCode}\n{Text}\n{ErrorText}");
}
