using System.Text;

namespace Grpc.Wire;

/// <summary>The header <c>grpc-message</c>: UTF-8, with everything but printable ASCII percent-encoded.</summary>
internal static class StatusMessage
{
    private const string Digits = "0123456789ABCDEF";

    public static string Encode(string message)
    {
        var text = new StringBuilder(message.Length);
        foreach (var octet in Encoding.UTF8.GetBytes(message))
        {
            if (octet is >= 0x20 and <= 0x7E and not (byte)'%')
                text.Append((char)octet);
            else
                text.Append('%').Append(Digits[octet >> 4]).Append(Digits[octet & 15]);
        }
        return text.ToString();
    }

    /// <summary>Decodes; what is no escape stays as it is, because a message must not be lost to a peer's mistake.</summary>
    public static string Decode(string header)
    {
        if (!header.Contains('%', StringComparison.Ordinal)) return header;
        var octets = new List<byte>(header.Length);
        for (int i = 0; i < header.Length; i++)
        {
            if (header[i] == '%' && i + 2 < header.Length && char.IsAsciiHexDigit(header[i + 1]) && char.IsAsciiHexDigit(header[i + 2]))
            {
                octets.Add(Convert.ToByte(header.Substring(i + 1, 2), 16));
                i += 2;
            }
            else
            {
                octets.AddRange(Encoding.UTF8.GetBytes(header, i, 1));
            }
        }
        return Encoding.UTF8.GetString([.. octets]);
    }
}
