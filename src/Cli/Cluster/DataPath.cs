using System.Globalization;
using Atelier.Core;
using Atelier.Training.Data;
using Atelier.Training.Imaging;

namespace Atelier.Cli.Cluster;

/// <summary>Data sets by name: a folder or zip, or the demo's emoji faces, which every worker carries with it.</summary>
internal static class DataPath
{
    private const string EmojiScheme = "emoji:";
    private const string Faces = "emoji:faces:";

    /// <summary>The name of the demo's images.</summary>
    public static string EmojiFaces(int side) => string.Create(CultureInfo.InvariantCulture, $"{Faces}{side}");

    /// <summary>Opens a data set.</summary>
    /// <param name="path">A folder, a zip file, or what <see cref="EmojiFaces"/> gives.</param>
    /// <exception cref="UserErrorException">There is no such thing.</exception>
    public static ImageSource Open(string path)
    {
        if (!path.StartsWith(EmojiScheme, StringComparison.Ordinal))
            return ImageSource.Open(path);
        return path.StartsWith(Faces, StringComparison.Ordinal) && int.TryParse(path.AsSpan(Faces.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int side) && side > 0
            ? Training.Data.EmojiFaces.Open(ImageSize.Square(side))
            : throw new UserErrorException($"`{path}` names no emoji; emoji:faces:32 does");
    }
}
