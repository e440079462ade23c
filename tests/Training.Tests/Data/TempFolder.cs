using System.IO.Compression;

namespace Atelier.Training.Tests.Data;

/// <summary>A folder that goes with the test.</summary>
internal sealed class TempFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("atelier-test-");

    public string Path => _folder.FullName;

    /// <summary>Writes a file below the folder, and returns its path.</summary>
    public string Write(string name, byte[] content)
    {
        var path = System.IO.Path.Combine(Path, name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
        return path;
    }

    /// <summary>Writes a zip file, its entries in the order given.</summary>
    public string WriteZip(string name, IEnumerable<KeyValuePair<string, byte[]>> entries)
    {
        var path = System.IO.Path.Combine(Path, name);
        using var zip = ZipFile.Open(path, ZipArchiveMode.Create);
        foreach (var (entry, content) in entries)
        {
            using var stream = zip.CreateEntry(entry, CompressionLevel.Fastest).Open();
            stream.Write(content);
        }

        return path;
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
