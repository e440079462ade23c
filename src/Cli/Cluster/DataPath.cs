using Atelier.Core;
using Atelier.Training.Data;
using Atelier.Training.Imaging;

namespace Atelier.Cli.Cluster;

/// <summary>Data sets by name: a folder or zip, or the demo's emoji, which every worker draws by itself.</summary>
internal static class DataPath
{
    private const string EmojiScheme = "emoji:";

    /// <summary>The name of the demo's images.</summary>
    public static string Emoji(EmojiSet set, int side) => $"{EmojiScheme}{set.ToString().ToLowerInvariant()}:{side}";

    /// <summary>Opens a data set.</summary>
    /// <param name="path">A folder, a zip file, or what <see cref="Emoji"/> gives.</param>
    /// <exception cref="UserErrorException">There is no such thing.</exception>
    public static ImageSource Open(string path)
    {
        if (!path.StartsWith(EmojiScheme, StringComparison.Ordinal))
            return ImageSource.Open(path);
        return path[EmojiScheme.Length..].Split(':') is [var set, var side] && Enum.TryParse<EmojiSet>(set, ignoreCase: true, out var drawn) && int.TryParse(side, out int pixels)
            ? EmojiFaces.Draw(ImageSize.Square(pixels), drawn)
            : throw new UserErrorException($"`{path}` names no emoji; emoji:faces:32 does");
    }
}
