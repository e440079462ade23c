using System.CommandLine;
using Atelier.Core;
using Atelier.Training.Imaging;

namespace Atelier.Cli.Output;

/// <summary>
/// <c>--out</c> and <c>--force</c> of commands that write a file: the file is what its ending says, and one that is there is replaced with
/// <c>--force</c> alone.
/// </summary>
internal sealed class OutputFile
{
    /// <summary>What pictures can be written as.</summary>
    public static readonly string[] Pictures = [".png", ".jpg", ".jpeg", ".webp"];

    private const int JpegQuality = 95;

    private readonly string[] _endings;
    private readonly Option<string> _path;
    private readonly Option<bool> _force = CreateForce();

    /// <param name="description">Of <c>--out</c>.</param>
    /// <param name="endings">Those that the command writes, with their dot.</param>
    public OutputFile(string description, params string[] endings)
    {
        _endings = endings;
        _path = new("--out") { Description = description, Required = true };
    }

    public void AddTo(Command command)
    {
        command.Options.Add(_path);
        command.Options.Add(_force);
    }

    /// <summary>The file.</summary>
    /// <exception cref="UserErrorException">Its ending is none that is written here, or it exists.</exception>
    public string Path(ParseResult parsed)
    {
        string path = parsed.GetValue(_path)!;
        RequireEnding("--out", path, _endings);
        RequireFree(path, parsed.GetValue(_force));
        return path;
    }

    public static Option<bool> CreateForce() => new("--force") { Description = "replace existing files" };

    /// <exception cref="UserErrorException">The file would not be what its ending says.</exception>
    public static void RequireEnding(string option, string path, params string[] endings)
    {
        string ending = System.IO.Path.GetExtension(path);
        if (!endings.Contains(ending, StringComparer.OrdinalIgnoreCase))
            throw new UserErrorException($"{option} {path}: {(ending.Length == 0 ? "it has no extension" : $"this command does not write {ending} files")}; name a {Or(endings)} file");
    }

    /// <exception cref="UserErrorException">There is something already, and it is not to be replaced.</exception>
    public static void RequireFree(string path, bool force)
    {
        if (Directory.Exists(path))
            throw new UserErrorException($"{path} is a folder; name a file instead");
        if (File.Exists(path) && !force)
            throw new UserErrorException($"{path} already exists; pass --force to replace it, or name another file");
    }

    /// <summary>Writes a picture as its ending says, and prints its path.</summary>
    public static void WritePicture(string path, RgbImage image)
    {
        var format = System.IO.Path.GetExtension(path).ToLowerInvariant() switch
        {
            ".png" => ImageFormat.Png,
            ".jpg" or ".jpeg" => ImageFormat.Jpeg,
            ".webp" => ImageFormat.WebP,
            var other => throw new InvalidOperationException($"this command does not write {other} files"),
        };
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!);
        Storage.AtomicFile.WriteAllBytes(path, ImageCodec.Encode(image, format, JpegQuality));
        Console.WriteLine(path);
    }

    private static string Or(string[] endings) => endings is [var one] ? one : $"{string.Join(", ", endings[..^1])} or {endings[^1]}";
}
