using Atelier.TestKit;

namespace Atelier.Cli.Tests.Readme;

/// <summary>A block of code in README: indented by four spaces, or fenced.</summary>
/// <param name="First">Its first line, by which it is known.</param>
/// <param name="Text">All of it.</param>
internal sealed record ReadmeBlock(string First, string Text)
{
    private const string Indentation = "    ";

    private const string Fence = "```";

    /// <summary>The blocks, in order.</summary>
    public static IReadOnlyList<ReadmeBlock> All { get; } = [.. Read(Repository.Read("README.md").Split('\n'))];

    private static IEnumerable<ReadmeBlock> Read(string[] lines)
    {
        for (int at = 0; at < lines.Length; at++)
        {
            if (lines[at].StartsWith(Fence, StringComparison.Ordinal))
            {
                int end = Array.IndexOf(lines, Fence, at + 1);
                yield return Of(lines[(at + 1)..end]);
                at = end;
            }
            else if (lines[at].StartsWith(Indentation, StringComparison.Ordinal))
            {
                int end = at;
                // An empty line does not end it where the next one is indented too.
                while (lines[end].StartsWith(Indentation, StringComparison.Ordinal) || (lines[end].Length == 0 && lines[end + 1].StartsWith(Indentation, StringComparison.Ordinal)))
                    end++;
                yield return Of(lines[at..end].Select(line => line.Length == 0 ? line : line[Indentation.Length..]));
                at = end;
            }
        }
    }

    private static ReadmeBlock Of(IEnumerable<string> lines)
    {
        string text = string.Join('\n', lines);
        return new(text.Split('\n')[0], text);
    }
}
