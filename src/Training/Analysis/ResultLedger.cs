using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Atelier.Core;

namespace Atelier.Training.Analysis;

/// <summary>
/// Results of long work, a JSON line each, behind a first line that says what they depend on. Work that is stopped anywhere goes on
/// after the last whole line; with another first line it begins again.
/// </summary>
/// <typeparam name="T">A result, as System.Text.Json writes it.</typeparam>
public sealed class ResultLedger<T> : IDisposable
{
    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly List<T> _results = [];
    private readonly FileStream _file;

    /// <summary>Opens or begins a file.</summary>
    /// <param name="path">Its path; its folder is made where it is missing.</param>
    /// <param name="basis">Everything that the results depend on.</param>
    /// <exception cref="UserErrorException">Another process has it open.</exception>
    public ResultLedger(string path, string basis)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        try
        {
            _file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        }
        catch (IOException e)
        {
            throw new UserErrorException($"cannot open {path}; another command may be writing to it: {e.Message}", e);
        }
        long end = Read(JsonSerializer.Serialize(new Header(basis), Format));
        _file.SetLength(end);
        _file.Position = end;
        if (end == 0)
            Write(JsonSerializer.Serialize(new Header(basis), Format));
    }

    /// <summary>All results so far.</summary>
    public IReadOnlyList<T> Results => _results;

    /// <summary>Adds a result; it is in the file when this returns.</summary>
    public void Add(T result)
    {
        Write(JsonSerializer.Serialize(result, Format));
        _results.Add(result);
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    /// <summary>Reads the whole lines.</summary>
    /// <returns>Where they end; 0 for a file of another basis.</returns>
    private long Read(string header)
    {
        var bytes = new byte[_file.Length];
        _file.ReadExactly(bytes);
        long end = 0;
        for (int start = 0, at; (at = Array.IndexOf(bytes, (byte)'\n', start)) >= 0; start = at + 1)
        {
            string line = Encoding.UTF8.GetString(bytes, start, at - start);
            if (start == 0 && line != header)
                return 0;
            try
            {
                if (start > 0)
                    _results.Add(JsonSerializer.Deserialize<T>(line, Format)!);
            }
            catch (JsonException)
            {
                return end;
            }
            end = at + 1;
        }
        return end;
    }

    private void Write(string line)
    {
        _file.Write(Encoding.UTF8.GetBytes(line + "\n"));
        _file.Flush();
    }

    private sealed record Header(string Basis);
}
