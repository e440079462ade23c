using System.Security.Cryptography;
using System.Text;
using Atelier.Storage;

namespace Atelier.Training.Data.Conversion;

/// <summary>
/// The file that a conversion writes before it takes the output's name. Its own name has a digest of what it is made of,
/// so that the same conversion finds what it had done, and another one does not mistake it for its own.
/// </summary>
internal sealed class PartialFile
{
    private const string Suffix = ".partial";
    private const int DigestDigits = 16;
    private const int BufferBytes = 1 << 20;

    private readonly string _output;

    /// <summary>Names the file.</summary>
    /// <param name="output">The file that it will become.</param>
    /// <param name="stamp">Everything that the bytes depend on, as a text.</param>
    public PartialFile(string output, string stamp)
    {
        _output = System.IO.Path.GetFullPath(output);
        Path = $"{_output}.{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(stamp)))[..DigestDigits]}{Suffix}";
    }

    /// <summary>Its path.</summary>
    public string Path { get; }

    /// <summary>Opens it, as it was left or empty, for this process alone.</summary>
    /// <exception cref="DatasetException">Another process writes it, or its folder cannot be written.</exception>
    public FileStream Open()
    {
        try
        {
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(_output)!);
            return new FileStream(Path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, BufferBytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DatasetException(
                DatasetProblem.NotFound, $"cannot write {Path}: {e.Message}. If another conversion to this file is running, wait for it to finish.", e);
        }
    }

    /// <summary>Gives it the output's name, and removes what other conversions to that name left unfinished.</summary>
    public void Publish()
    {
        AtomicFile.Publish(Path, _output);
        foreach (var left in Directory.EnumerateFiles(System.IO.Path.GetDirectoryName(_output)!, $"{System.IO.Path.GetFileName(_output)}.*{Suffix}"))
            DeleteUnlessInUse(left);
    }

    private static void DeleteUnlessInUse(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.Delete);
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Another conversion writes it, or it is not ours to delete; it harms nobody.
        }
    }
}
