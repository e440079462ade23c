using System.Text.RegularExpressions;
using Atelier.TestKit;

namespace Atelier.Architecture.Tests;

/// <summary>As much of Markdown as the documents' promises need: links, headings, tables, code spans.</summary>
internal sealed partial class Markdown
{
    private readonly string[] _lines;

    private Markdown(string path, string text)
    {
        Path = path;
        _lines = CodeBlock().Replace(text, block => new string('\n', block.Value.Count(c => c == '\n'))).Split('\n');
    }

    /// <summary>Its path from the root.</summary>
    public string Path { get; }

    /// <summary>All documents of the repository.</summary>
    public static IEnumerable<Markdown> All => Repository.FilesIn("", ".md").Select(Open);

    /// <summary>Where links lead, pictures included.</summary>
    public IEnumerable<string> Links => _lines.SelectMany(line => Link().Matches(CodeSpan().Replace(line, ""))).Select(match => match.Groups[1].Value);

    /// <summary>The anchors of its headings, as GitHub makes them.</summary>
    public IEnumerable<string> Anchors => Headings.Select(heading => NotInAnchor().Replace(heading.ToLowerInvariant(), "").Replace(' ', '-'));

    public IEnumerable<string> Headings => _lines.Where(line => line.StartsWith('#')).Select(line => line.TrimStart('#').Trim());

    public static Markdown Open(string path) => new(path, Repository.Read(path));

    /// <summary>The tables, each with its header first.</summary>
    public IReadOnlyList<IReadOnlyList<string[]>> Tables()
    {
        var tables = new List<List<string[]>>();
        bool inside = false;
        // Indented, it would be a picture in characters.
        foreach (var line in _lines.Select(line => line.TrimEnd()))
        {
            bool isRow = line.StartsWith('|');
            if (isRow && !inside)
                tables.Add([]);
            if (isRow && !TableRule().IsMatch(line))
                tables[^1].Add([.. CellBorder().Split(line.Trim('|')).Select(cell => cell.Trim())]);
            inside = isRow;
        }
        return tables;
    }

    /// <summary>The rows of the one table whose first column has this header.</summary>
    public IReadOnlyList<string[]> Table(string firstHeader)
    {
        var found = Tables().Where(table => table[0][0] == firstHeader).ToList();
        Assert.True(found.Count == 1, $"{Path} has {found.Count} tables whose first column is '{firstHeader}'; one is expected");
        return [.. found[0].Skip(1)];
    }

    /// <summary>The code spans of a cell.</summary>
    public static IEnumerable<string> Code(string cell) => CodeSpan().Matches(cell).Select(match => match.Value.Trim('`'));

    [GeneratedRegex(@"^```[\s\S]*?^```", RegexOptions.Multiline)]
    private static partial Regex CodeBlock();

    [GeneratedRegex(@"`[^`]+`")]
    private static partial Regex CodeSpan();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"[^\p{L}\p{N}\- _]")]
    private static partial Regex NotInAnchor();

    [GeneratedRegex(@"^\|[\s:|-]+\|$")]
    private static partial Regex TableRule();

    [GeneratedRegex(@"(?<!\\)\|")]
    private static partial Regex CellBorder();
}
