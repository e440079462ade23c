namespace Orleans.Serialization;

/// <summary>Values of a type cannot be sent; the message names the type.</summary>
/// <param name="message">What is missing.</param>
public sealed class CodecNotFoundException(string message) : SerializerException(message);
