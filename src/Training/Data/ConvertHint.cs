using Atelier.Training.Imaging;

namespace Atelier.Training.Data;

/// <summary>The command that brings a dataset to one size.</summary>
public static class ConvertHint
{
    /// <summary>The command, ready to be pasted into a shell.</summary>
    /// <param name="source">The dataset's path.</param>
    /// <param name="size">The size of the results.</param>
    public static string For(string source, ImageSize size)
    {
        ArgumentNullException.ThrowIfNull(source);
        var name = Path.GetFileName(Path.TrimEndingDirectorySeparator(source)).Split('.')[0];
        var resolution = size.Width == size.Height ? $"{size.Width}" : size.ToString();
        return $"atelier dataset convert {Quoted(source)} --out {Quoted($"{name}-{resolution}.zip")} --resolution {resolution} --crop center-crop";
    }

    private static string Quoted(string text) =>
        text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || "-_./+=:@,".Contains(c, StringComparison.Ordinal)) ? text : $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
