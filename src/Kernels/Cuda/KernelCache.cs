using System.Security.Cryptography;
using System.Text;

namespace Atelier.Kernels.Cuda;

/// <summary>
/// Compiled kernels in a folder, each under the hash of what it was made from: source, options (with the architecture) and the
/// compiler's version. A file is written whole or not at all, and one whose content does not have its hash is made again.
/// </summary>
/// <param name="folder">Created when the first one is written; null: nothing is kept.</param>
public sealed class KernelCache(string? folder)
{
    /// <summary>The kept image, or a new one, which is kept from now on if the folder can be written.</summary>
    /// <param name="compiler">Asked where there is none.</param>
    /// <param name="name">For messages.</param>
    /// <param name="source">CUDA C++.</param>
    /// <param name="options">The compiler's.</param>
    /// <exception cref="CudaException">It does not compile.</exception>
    public byte[] GetOrCompile(IKernelCompiler compiler, string name, string source, IReadOnlyList<string> options)
    {
        ArgumentNullException.ThrowIfNull(compiler);
        if (folder is null)
            return compiler.Compile(name, source, options);
        var path = Path.Combine(folder, $"{name}-{Key(compiler.Version, source, options)}.kernels");
        if (Read(path) is { } kept)
            return kept;
        var image = compiler.Compile(name, source, options);
        Write(path, image);
        return image;
    }

    private static string Key(Version version, string source, IReadOnlyList<string> options) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{version}\0{string.Join('\0', options)}\0{source}")))[..32];

    private static byte[]? Read(string path)
    {
        try
        {
            var content = File.ReadAllBytes(path);
            if (content.Length <= SHA256.HashSizeInBytes)
                return null;
            var image = content[SHA256.HashSizeInBytes..];
            return SHA256.HashData(image).AsSpan().SequenceEqual(content.AsSpan(0, SHA256.HashSizeInBytes)) ? image : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>A folder that cannot be written costs the next start a compilation, and no more.</summary>
    private void Write(string path, byte[] image)
    {
        try
        {
            Directory.CreateDirectory(folder!);
            var temporary = Path.Combine(folder!, $".{Environment.ProcessId}.{Path.GetRandomFileName()}");
            File.WriteAllBytes(temporary, [.. SHA256.HashData(image), .. image]);
            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
    }
}
