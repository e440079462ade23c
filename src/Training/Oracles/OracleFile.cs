using System.Text.Json;
using Atelier.Core;
using Atelier.Storage.Safetensors;
using Atelier.Training.Exports;
using static TorchSharp.torch;

namespace Atelier.Training.Oracles;

/// <summary>A safetensors file of reference values: inputs, expected results, and the arguments in its metadata.</summary>
public sealed class OracleFile : IDisposable
{
    private readonly SafetensorsReader _file;
    private readonly ScalarType _precision;

    /// <summary>Opens <paramref name="path"/>; its tensors are read as <paramref name="precision"/>.</summary>
    /// <exception cref="UserErrorException">The file is missing or malformed.</exception>
    public OracleFile(string path, ScalarType precision)
    {
        Path = path;
        _file = SafetensorsReader.Open(path);
        _precision = precision;
    }

    /// <summary>Where the file lies.</summary>
    public string Path { get; }

    /// <summary>Names of all tensors.</summary>
    public IEnumerable<string> Names => _file.Entries.Select(entry => entry.Name);

    /// <summary>Whether the file has a tensor called <paramref name="name"/>.</summary>
    public bool Has(string name) => _file.Contains(name);

    /// <summary>Whether the metadata has <paramref name="key"/>.</summary>
    public bool HasMetadata(string key) => _file.Metadata.ContainsKey(key);

    /// <summary>A metadata value, parsed.</summary>
    /// <exception cref="UserErrorException">The file does not say it.</exception>
    public JsonElement Metadata(string key) => _file.Metadata.TryGetValue(key, out var text)
        ? JsonDocument.Parse(text).RootElement
        : throw new UserErrorException($"{Path}: the metadata lacks '{key}'");

    /// <summary>A tensor, in the precision asked for; the caller disposes it.</summary>
    public Tensor this[string name] => SafetensorsTensors.Read(_file, name).to(_precision);

    /// <summary>Names under <paramref name="prefix"/>, without it.</summary>
    public IEnumerable<string> Under(string prefix) =>
        Names.Where(name => name.StartsWith(prefix, StringComparison.Ordinal)).Select(name => name[prefix.Length..]);

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
