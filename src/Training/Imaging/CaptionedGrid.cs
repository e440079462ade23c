using System.Globalization;

namespace Atelier.Training.Imaging;

/// <summary>Grids for people: small pictures enlarged, a title above, a caption beside each row.</summary>
public static class CaptionedGrid
{
    private const int SmallestSide = 512;
    private const int TitleHeight = 28;
    private const int CaptionHeight = 22;
    private const int CaptionPerLetter = 9;
    private const int Gap = 8;

    private static readonly RgbColor Ink = new(0x33, 0x33, 0x33);

    /// <summary>Sets a grid's captions; the grid is enlarged by whole pixels where it is small.</summary>
    /// <param name="grid">Pictures without gaps, in as many rows as there are captions.</param>
    /// <param name="title">Above the grid.</param>
    /// <param name="rows">Beside each row; empty for a grid without.</param>
    public static RgbImage Compose(RgbImage grid, string title, IReadOnlyList<string> rows)
    {
        ArgumentNullException.ThrowIfNull(grid);
        ArgumentNullException.ThrowIfNull(rows);
        grid = grid.Zoom(Math.Max(1, SmallestSide / Math.Max(grid.Width, grid.Height)));
        int margin = rows.Count == 0 ? 0 : (CaptionPerLetter * rows.Max(row => row.Length)) + Gap;
        var sheet = RgbImage.Filled(margin + grid.Width, TitleHeight + grid.Height, RgbColor.White);
        LabelFont.Write(sheet, title, margin, 0, new ImageSize(grid.Width, TitleHeight), Ink);
        for (int row = 0; row < rows.Count; row++)
        {
            int height = grid.Height / rows.Count;
            LabelFont.Write(sheet, rows[row], Gap / 2, TitleHeight + (row * height) + Math.Max(0, (height - CaptionHeight) / 2), new ImageSize(margin - (Gap / 2), Math.Min(CaptionHeight, height)), Ink);
        }
        sheet.Paste(grid.Planes, grid.Size, margin, TitleHeight);
        return sheet;
    }

    /// <summary>Sets the captions of pictures by seed, row by row.</summary>
    /// <param name="grid">The pictures.</param>
    /// <param name="seeds">Their seeds.</param>
    /// <param name="columns">Pictures in a row.</param>
    /// <param name="psi">Their truncation.</param>
    /// <param name="rowClasses">The class of each row; null where they have none, or all the same.</param>
    /// <param name="label">The class of all; null for none.</param>
    public static RgbImage OfSeeds(RgbImage grid, IReadOnlyList<uint> seeds, int columns, double psi, IReadOnlyList<int>? rowClasses = null, int? label = null)
    {
        string title = string.Create(CultureInfo.InvariantCulture, $"{(seeds.Count == 1 ? "seed" : "seeds")} {Text(seeds)}, truncation psi {psi:0.###}{(label is { } one ? $", class {one}" : "")}");
        return Compose(grid, title, rowClasses is null ? [.. seeds.Chunk(columns).Select(Text)] : [.. rowClasses.Select(of => string.Create(CultureInfo.InvariantCulture, $"class {of}"))]);
    }

    /// <summary>Seeds as <c>--seeds</c> takes them, a long list cut short.</summary>
    private static string Text(IReadOnlyList<uint> seeds)
    {
        if (seeds.Count > 1 && seeds[^1] - seeds[0] == seeds.Count - 1 && seeds.Zip(seeds.Skip(1)).All(pair => pair.Second == pair.First + 1))
            return string.Create(CultureInfo.InvariantCulture, $"{seeds[0]}-{seeds[^1]}");
        const int Most = 8;
        return string.Join(",", seeds.Take(Most).Select(seed => seed.ToString(CultureInfo.InvariantCulture))) + (seeds.Count > Most ? ",..." : "");
    }
}
