namespace Atelier.Cli.Output;

/// <summary>Rows of text below a heading, with two spaces between columns as wide as their longest text; the last column ends where its text ends.</summary>
internal static class TextTable
{
    /// <summary>The lines of a table.</summary>
    /// <param name="columns">Headings; one that begins with <c>&gt;</c> is of a column of numbers, set to the right.</param>
    /// <param name="rows">Rows, with a text per column.</param>
    public static IEnumerable<string> Lines(IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows)
    {
        string[][] all = [[.. columns.Select(column => column.TrimStart('>'))], .. rows.Select(row => row.ToArray())];
        var widths = columns.Select((_, column) => all.Max(row => row[column].Length)).ToList();
        foreach (var row in all)
            yield return string.Join("  ", row.Select((text, column) => columns[column].StartsWith('>') ? text.PadLeft(widths[column]) : text.PadRight(widths[column]))).TrimEnd();
    }

    /// <summary>Names and values, one per line.</summary>
    public static IEnumerable<string> Pairs(IReadOnlyList<(string Name, string Value)> pairs)
    {
        int width = pairs.Max(pair => pair.Name.Length);
        return pairs.Select(pair => $"{pair.Name.PadRight(width)}  {pair.Value}".TrimEnd());
    }
}
