namespace Atelier.Training.Data;

/// <summary>The images in a folder and in the folders below it.</summary>
public sealed class FolderImageSource : ImageSource
{
    private readonly string _root;

    private FolderImageSource(string root, string[] names)
    {
        _root = root;
        ImageNames = names;
    }

    /// <inheritdoc/>
    public override string Name => _root;

    /// <inheritdoc/>
    public override IReadOnlyList<string> ImageNames { get; }

    /// <summary>Lists a folder.</summary>
    /// <exception cref="DatasetException">A folder may not be read.</exception>
    public static new FolderImageSource Open(string path)
    {
        try
        {
            var names = Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories)
                .Select(file => Path.GetRelativePath(path, file).Replace(Path.DirectorySeparatorChar, '/'))
                .Where(IsImage)
                .Order(StringComparer.Ordinal)
                .ToArray();
            return new FolderImageSource(path, names);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DatasetException(DatasetProblem.NotFound, $"{path}: the folder cannot be listed: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    public override byte[] Read(int index) => File.ReadAllBytes(Path.Combine(_root, ImageNames[index]));

    /// <inheritdoc/>
    public override string Stamp() =>
        string.Join('\n', ImageNames.Append(LabelFile).Select(name => Path.Combine(_root, name)).Where(File.Exists).Select(StampOf));

    /// <inheritdoc/>
    public override string? ReadLabels()
    {
        var path = Path.Combine(_root, LabelFile);
        return File.Exists(path) ? File.ReadAllText(path) : null;
    }
}
