"""What several messages share: parties, banks, accounts, reasons and references, as ISO 20022 has them (2019 edition)."""

from __future__ import annotations

from headgate.rails.iso20022.spec import parse_parts

SHARED = parse_parts("""
CodeOrText choice
  Cd                 code4
  Prtry              text35

LongCodeOrText choice
  Cd                 code35
  Prtry              text35

DateOrTime choice
  Dt                 date
  DtTm               datetime

GenericId
  Id                 text35
  SchmeNm?           CodeOrText
  Issr?              text35

Address
  AdrTp?             choice
    Cd               one:ADDR,PBOX,HOME,BIZZ,MLTO,DLVY
    Prtry
      Id             text4
      Issr           text35
      SchmeNm?       text35
  Dept?              text70
  SubDept?           text70
  StrtNm?            text70
  BldgNb?            text16
  BldgNm?            text35
  Flr?               text70
  PstBx?             text16
  Room?              text70
  PstCd?             text16
  TwnNm?             text35
  TwnLctnNm?         text35
  DstrctNm?          text35
  CtrySubDvsn?       text35
  Ctry?              country
  AdrLine{7}         text70

Contact
  NmPrfx?            one:DOCT,MADM,MISS,MIST,MIKS
  Nm?                text140
  PhneNb?            phone
  MobNb?             phone
  FaxNb?             phone
  EmailAdr?          text2048
  EmailPurp?         text35
  JobTitl?           text35
  Rspnsblty?         text35
  Dept?              text70
  Othr*
    ChanlTp          text4
    Id?              text128
  PrefrdMtd?         one:LETT,MAIL,PHON,FAXX,CELL

Party
  Nm?                text140
  PstlAdr?           Address
  Id?                choice
    OrgId
      AnyBIC?        bic
      LEI?           lei
      Othr*          GenericId
    PrvtId
      DtAndPlcOfBirth?
        BirthDt      date
        PrvcOfBirth? text35
        CityOfBirth  text35
        CtryOfBirth  country
      Othr*          GenericId
  CtryOfRes?         country
  CtctDtls?          Contact

Bank
  FinInstnId
    BICFI?           bic
    ClrSysMmbId?
      ClrSysId?      choice
        Cd           code5
        Prtry        text35
      MmbId          text35
    LEI?             lei
    Nm?              text140
    PstlAdr?         Address
    Othr?            GenericId
  BrnchId?
    Id?              text35
    LEI?             lei
    Nm?              text140
    PstlAdr?         Address

PartyOrBank choice
  Pty                Party
  Agt                Bank

Account
  Id                 choice
    IBAN             iban
    Othr
      Id             text34
      SchmeNm?       CodeOrText
      Issr?          text35
  Tp?                CodeOrText
  Ccy?               currency
  Nm?                text70
  Prxy?
    Tp?              CodeOrText
    Id               text2048

PaymentType
  InstrPrty?         one:HIGH,NORM
  ClrChanl?          one:RTGS,RTNS,MPNS,BOOK
  SvcLvl*            CodeOrText
  LclInstrm?         LongCodeOrText
  CtgyPurp?          CodeOrText

Settlement
  SttlmMtd           one:CLRG,INDA,INGA,COVE
  SttlmAcct?         Account
  ClrSys?            choice
    Cd               code3
    Prtry            text35
  InstgRmbrsmntAgt?  Bank
  InstgRmbrsmntAgtAcct? Account
  InstdRmbrsmntAgt?  Bank
  InstdRmbrsmntAgtAcct? Account
  ThrdRmbrsmntAgt?   Bank
  ThrdRmbrsmntAgtAcct? Account

Original
  OrgnlMsgId         text35
  OrgnlMsgNmId       text35
  OrgnlCreDtTm?      datetime

Reason
  Orgtr?             Party
  Rsn?               CodeOrText
  AddtlInf*          text105

Remittance
  Ustrd*             text140
  Strd*              any

Case
  Id                 text35
  Cretr              PartyOrBank
  ReopCaseIndctn?    bool

Assignment
  Id                 text35
  Assgnr             PartyOrBank
  Assgne             PartyOrBank
  CreDtTm            datetime

StatusHeader
  MsgId              text35
  CreDtTm            datetime
  InstgAgt?          Bank
  InstdAgt?          Bank

Amounts choice
  InstdAmt           amount
  EqvtAmt
    Amt              amount
    CcyOfTrf         currency

Condition
  AmtModAllwd        bool
  EarlyPmtAllwd      bool
  DelyPnlty?         text140
  ImdtPmtRbt?        choice
    Amt              amount
    Rate             decimal
  GrntedPmtReqd      bool

OriginalTransaction
  IntrBkSttlmAmt?    amount
  Amt?               Amounts
  IntrBkSttlmDt?     date
  ReqdColltnDt?      date
  ReqdExctnDt?       DateOrTime
  CdtrSchmeId?       Party
  SttlmInf?          Settlement
  PmtTpInf?
    InstrPrty?       one:HIGH,NORM
    ClrChanl?        one:RTGS,RTNS,MPNS,BOOK
    SvcLvl*          CodeOrText
    LclInstrm?       LongCodeOrText
    SeqTp?           one:FRST,RCUR,FNAL,OOFF,RPRE
    CtgyPurp?        CodeOrText
  PmtMtd?            one:CHK,TRF,DD,TRA
  MndtRltdInf?       any
  RmtInf?            Remittance
  UltmtDbtr?         PartyOrBank
  Dbtr?              PartyOrBank
  DbtrAcct?          Account
  DbtrAgt?           Bank
  DbtrAgtAcct?       Account
  CdtrAgt?           Bank
  CdtrAgtAcct?       Account
  Cdtr?              PartyOrBank
  CdtrAcct?          Account
  UltmtCdtr?         PartyOrBank
  Purp?              CodeOrText

RequestedTransaction
  Amt?               Amounts
  ReqdExctnDt?       DateOrTime
  XpryDt?            DateOrTime
  PmtCond?           Condition
  PmtTpInf?          PaymentType
  PmtMtd?            one:CHK,TRF,DD,TRA
  RmtInf?            Remittance
  NclsdFile*         any
  UltmtDbtr?         Party
  Dbtr?              Party
  DbtrAcct?          Account
  DbtrAgt?           Bank
  CdtrAgt            Bank
  Cdtr               Party
  CdtrAcct?          Account
  UltmtCdtr?         Party

StatusCounts
  DtldNbOfTxs        count
  DtldSts            code4
  DtldCtrlSum?       decimal
""")
"""The shared parts by the names that the tables of messages use."""
