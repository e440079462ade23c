using System.Text.Json;

namespace Atelier.Core.Specs;

/// <summary>How the values of a key are written and read. One text form serves `--set`, files and listings.</summary>
/// <typeparam name="T">The value's type.</typeparam>
/// <param name="Accepts">What is accepted, as a noun phrase for error messages.</param>
/// <param name="TryParse">Reads the text form; false when it is not accepted.</param>
/// <param name="Format">Writes the text form; parsing it gives the value back.</param>
/// <param name="WriteJson">Writes the value to JSON; its text, as <see cref="SpecText.Of"/> reads it, parses back.</param>
public sealed record SpecType<T>(
    string Accepts, SpecParser<T> TryParse, Func<T, string> Format, Action<Utf8JsonWriter, T> WriteJson);

/// <summary>Reads a value's text form.</summary>
/// <typeparam name="T">The value's type.</typeparam>
/// <param name="text">The text, without surrounding blanks.</param>
/// <param name="value">The value, if accepted.</param>
/// <returns>Whether the text is accepted.</returns>
public delegate bool SpecParser<T>(string text, out T value);
